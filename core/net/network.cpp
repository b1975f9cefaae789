#include "core/net/network.h"

#include "core/kernel.h"

namespace litebox {

NetworkStack& network() {
    return *kernel().network;
}

Result<NetworkStack*> NetworkStack::create() {
    return TRY(make_own<NetworkStack>()).release();
}

Result<void> NetworkStack::bind_unix(Socket& socket, const void* inode, string_view abstract_name) {
    auto name = TRY(make_own<Name>());
    name->socket = &socket;
    name->inode = inode;
    name->abstract_name = TRY(String::from(abstract_name));
    LockGuard guard(mutex_);
    for (Name& other : names_)
        // Names of streams, datagrams and sequenced packets are apart.
        if (inode == nullptr && other.inode == nullptr && other.socket->type == socket.type &&
            other.abstract_name.view() == abstract_name)
            return Errno::eaddrinuse;
    names_.push_back(name.release());
    return {};
}

void NetworkStack::unbind_unix(Socket& socket) {
    LockGuard guard(mutex_);
    for (Name& name : names_) {
        if (name.socket != &socket) continue;
        name.node.unlink();
        HeapDelete<Name>{}(&name);
        return;
    }
}

Result<Ref<Socket>> NetworkStack::find_unix(const void* inode, string_view abstract_name, int type) {
    LockGuard guard(mutex_);
    for (Name& name : names_) {
        bool same = inode != nullptr ? name.inode == inode
                                     : name.inode == nullptr && name.socket->type == type &&
                                           name.abstract_name.view() == abstract_name;
        if (same && name.socket->try_ref()) return Ref<Socket>::adopt(name.socket);
    }
    return Errno::econnrefused;
}

Result<void> NetworkStack::autobind(Socket& socket, SocketAddress& address) {
    constexpr u32 names = 1 << 20;
    for (u32 tried = 0; tried < names; tried++) {
        u32 number;
        {
            LockGuard guard(mutex_);
            number = next_name_++ % names;
        }
        TextBuilder text;
        text.character('\0').hex(number, 5);
        address.family = family_unix;
        address.name_length = text.view().size();
        memcpy(address.name, text.view().data(), address.name_length);
        auto bound = bind_unix(socket, nullptr, address.unix_name());
        if (bound.ok() || bound.error() != Errno::eaddrinuse) return bound;
    }
    return Errno::enospc;
}

bool NetworkStack::conflicts(const Port& other, const PortRequest& request) const {
    if (other.request.protocol != request.protocol || other.request.address.port != request.address.port)
        return false;
    const InetAddress &a = other.request.address, &b = request.address;
    bool a_v6_only = other.request.v6 && (other.request.only_v6 || !(a.any() || a.mapped_v4()));
    bool b_v6_only = request.v6 && (request.only_v6 || !(b.any() || b.mapped_v4()));
    bool a_v4 = !other.request.v6 || a.mapped_v4(), b_v4 = !request.v6 || b.mapped_v4();
    if ((a_v6_only && b_v4) || (b_v6_only && a_v4)) return false;
    if (!a.any() && !b.any() && !a.same_host(b)) return false;
    if (other.request.reuse_port && request.reuse_port) return false;
    if (other.request.reuse_address && request.reuse_address &&
        (request.type == socket_datagram || !other.listening))
        return false;
    return true;
}

bool NetworkStack::free_port(const PortRequest& request) {
    for (Port& port : ports_)
        if (conflicts(port, request)) return false;
    return true;
}

Result<u16> NetworkStack::unused_port(const PortRequest& request) {
    constexpr u16 first = 32768, last = 60999;
    PortRequest attempt = request;
    attempt.reuse_address = attempt.reuse_port = false;
    for (int tried = 0; tried <= last - first; tried++) {
        attempt.address.port = next_port_;
        next_port_ = next_port_ == last ? first : static_cast<u16>(next_port_ + 1);
        if (free_port(attempt)) return attempt.address.port;
    }
    return Errno::eaddrinuse;
}

Result<void> NetworkStack::bind_port(Socket& socket, PortRequest& request) {
    auto port = TRY(make_own<Port>());
    LockGuard guard(mutex_);
    if (request.address.port == 0)
        request.address.port = TRY(unused_port(request));
    else if (!free_port(request))
        return Errno::eaddrinuse;
    port->socket = &socket;
    port->request = request;
    port->listening = false;
    port->owner = current_thread()->credentials->fsuid;
    ports_.push_back(port.release());
    return {};
}

void NetworkStack::unbind_port(Socket& socket) {
    LockGuard guard(mutex_);
    for (Port& port : ports_) {
        if (port.socket != &socket) continue;
        port.node.unlink();
        HeapDelete<Port>{}(&port);
        return;
    }
}

Result<void> NetworkStack::mark_listening(Socket& socket) {
    LockGuard guard(mutex_);
    Port* own = nullptr;
    for (Port& port : ports_)
        if (port.socket == &socket) own = &port;
    if (own == nullptr) return {};
    for (Port& port : ports_)
        if (&port != own && port.listening && conflicts(port, own->request)) return Errno::eaddrinuse;
    own->listening = true;
    return {};
}

namespace {

void write_hex(TextBuilder& to, u32 value, unsigned digits) {
    for (unsigned i = digits; i-- > 0;) to.character("0123456789ABCDEF"[value >> (4 * i) & 15]);
}

/// As the kernel prints an address: each four bytes as a number of this machine's order.
void write_address(TextBuilder& to, const InetAddress& address, bool v6) {
    for (int word = v6 ? 0 : 3; word < 4; word++) {
        u32 value;
        memcpy(&value, address.bytes + word * 4, sizeof(value));
        write_hex(to, value, 8);
    }
    to.character(':');
    write_hex(to, address.port, 4);
}

}  // namespace

void NetworkStack::list_ports(TextBuilder& to, int protocol, int family) {
    constexpr u32 listening = 10, closed = 7;
    bool v6 = family == family_inet6;
    u32 line = 0;
    LockGuard guard(mutex_);
    for (Port& port : ports_) {
        if (port.request.protocol != protocol || port.request.v6 != v6) continue;
        to.unsigned_decimal(line++, 4).text(": "sv);
        write_address(to, port.request.address, v6);
        to.character(' ');
        write_address(to, v6 ? InetAddress() : InetAddress::v4(0, 0), v6);
        to.character(' ');
        write_hex(to, port.listening ? listening : closed, 2);
        to.text(" 00000000:00000000 00:00000000 00000000 "sv).unsigned_decimal(port.owner, 5);
        to.text("        0 "sv)
            .unsigned_decimal(port.socket->number())
            .text(" 1 0000000000000000 100 0 0 10 0\n"sv);
    }
}

bool NetworkStack::reaches(const Port& port, int protocol, const InetAddress& to) {
    const PortRequest& bound = port.request;
    if (bound.protocol != protocol || bound.address.port != to.port) return false;
    if (bound.type == socket_stream && !port.listening) return false;
    bool to_v4 = to.mapped_v4(), any = bound.address.any();
    if (to_v4 && bound.v6 && (bound.only_v6 || !(any || bound.address.mapped_v4()))) return false;
    if (!to_v4 && !bound.v6) return false;
    return any || bound.address.same_host(to);
}

Ref<Socket> NetworkStack::find_port(int protocol, const InetAddress& to, const InetAddress* from) {
    LockGuard guard(mutex_);
    Port* best = nullptr;
    int best_score = -1;
    for (Port& port : ports_) {
        if (!reaches(port, protocol, to)) continue;
        int score = (port.request.address.any() ? 0 : 2) + (port.request.v6 == !to.mapped_v4() ? 1 : 0);
        if (port.request.type == socket_datagram) {
            int connected = port.socket->matches_peer(from);
            if (connected < 0) continue;
            score += connected * 4;
        }
        if (score > best_score) best = &port, best_score = score;
    }
    if (best != nullptr && best->socket->try_ref()) return Ref<Socket>::adopt(best->socket);
    return nullptr;
}

}  // namespace litebox
