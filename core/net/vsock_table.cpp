#include "core/net/vsock_table.h"

#include "core/net/vsock_socket.h"

namespace litebox {

using platform::VsockOperation;
using platform::VsockPacket;

namespace {

constexpr u32 last_reserved = 1023;

}  // namespace

void refuse_vsock(const VsockPacket& packet) {
    if (packet.operation == VsockOperation::reset) return;
    platform::vsock_send({packet.destination, packet.source, packet.destination_port, packet.source_port,
                          packet.type, VsockOperation::reset, 0, 0, 0},
                         {});
}

bool VsockTable::port_taken(const VsockAddress& address) {
    for (Entry& entry : ports_)
        if (entry.bound.port == address.port &&
            (entry.bound.context == address.context || entry.bound.context == VsockAddress::any ||
             address.context == VsockAddress::any))
            return true;
    return false;
}

Result<void> VsockTable::bind(VsockSocket& socket, VsockAddress& address) {
    constexpr int most_tries = 24;  // as Linux: the next free one is close by
    LockGuard guard(mutex_);
    if (address.port == VsockAddress::any) {
        if (next_port_ == 0) platform::fill_entropy({reinterpret_cast<u8*>(&next_port_), sizeof(next_port_)});
        VsockAddress attempt = address;
        int tries = 0;
        do {
            if (tries++ == most_tries) return Errno::eaddrnotavail;
            if (next_port_ <= last_reserved || next_port_ == VsockAddress::any)
                next_port_ = last_reserved + 1;
            attempt.port = next_port_++;
        } while (port_taken(attempt));
        address = attempt;
    } else if (port_taken(address)) {
        return Errno::eaddrinuse;
    }
    socket.entry.socket = &socket;
    socket.entry.bound = address;
    ports_.push_back(&socket.entry);
    return {};
}

VsockTable::Entry* VsockTable::connection_between(const VsockAddress& local, const VsockAddress& peer) {
    for (Entry& entry : connections_[bucket_of(local.port, peer.port)])
        if (entry.local == local && entry.peer == peer) return &entry;
    return nullptr;
}

Result<void> VsockTable::add_connection(VsockSocket& socket, const VsockAddress& local,
                                        const VsockAddress& peer) {
    LockGuard guard(mutex_);
    if (connection_between(local, peer) != nullptr) return Errno::eaddrinuse;
    socket.entry.socket = &socket;
    socket.entry.local = local;
    socket.entry.peer = peer;
    connections_[bucket_of(local.port, peer.port)].push_back(&socket.entry);
    return {};
}

void VsockTable::end_connection(VsockSocket& socket) {
    LockGuard guard(mutex_);
    if (socket.entry.connection_node.linked()) socket.entry.connection_node.unlink();
}

void VsockTable::forget(VsockSocket& socket) {
    LockGuard guard(mutex_);
    if (socket.entry.connection_node.linked()) socket.entry.connection_node.unlink();
    if (socket.entry.port_node.linked()) socket.entry.port_node.unlink();
}

Ref<VsockSocket> VsockTable::find_connection(const VsockAddress& local, const VsockAddress& peer) {
    LockGuard guard(mutex_);
    Entry* entry = connection_between(local, peer);
    if (entry == nullptr || !entry->socket->try_ref()) return nullptr;
    return Ref<VsockSocket>::adopt(entry->socket);
}

Ref<VsockSocket> VsockTable::find_port(const VsockAddress& local) {
    LockGuard guard(mutex_);
    for (Entry& entry : ports_) {
        bool reaches = entry.bound.context == local.context || entry.bound.context == VsockAddress::any;
        if (entry.bound.port == local.port && reaches && entry.socket->try_ref())
            return Ref<VsockSocket>::adopt(entry.socket);
    }
    return nullptr;
}

void VsockTable::take(const VsockPacket& packet, std::span<const u8> payload) {
    if (packet.type != platform::vsock_stream || packet.source >= VsockAddress::any)
        return refuse_vsock(packet);
    VsockAddress local{static_cast<u32>(packet.destination), packet.destination_port};
    VsockAddress peer{static_cast<u32>(packet.source), packet.source_port};
    if (auto socket = find_connection(local, peer)) return socket->take(packet, payload);
    auto listener = packet.operation == VsockOperation::request ? find_port(local) : nullptr;
    if (!listener || !listener->take_request(packet).ok()) refuse_vsock(packet);
}

Ref<VsockSocket> VsockTable::any_connection() {
    LockGuard guard(mutex_);
    for (Connections& bucket : connections_)
        for (Entry& entry : bucket)
            if (entry.socket->try_ref()) return Ref<VsockSocket>::adopt(entry.socket);
    return nullptr;
}

void VsockTable::lose_all() {
    while (auto socket = any_connection()) socket->lose();
}

}  // namespace litebox
