#include "core/net/inet_socket.h"

#include "core/kernel.h"

namespace litebox {

namespace {

InetAddress unspecified(int family) {
    return family == family_inet ? InetAddress::v4(0, 0) : InetAddress();
}

}  // namespace

Result<InetAddress> local_inet(const Socket& socket, const SocketAddress& address) {
    // AF_UNSPEC with the any address is taken for AF_INET, as Linux does.
    bool unspecified_family =
        address.family == family_none && socket.family == family_inet && address.inet.any();
    if (address.family != socket.family && !unspecified_family) return Errno::eafnosupport;
    if (!address.inet.any() && !address.inet.loopback()) return Errno::eaddrnotavail;
    if (socket.family == family_inet6 && address.inet.mapped_v4() && socket.options.only_v6.load())
        return Errno::einval;
    return address.inet;
}

InetAddress loopback_like(const InetAddress& address) {
    InetAddress result;
    if (address.mapped_v4()) {
        result = InetAddress::v4(0x7f000001, 0);
    } else {
        result.bytes[15] = 1;
    }
    return result;
}

Result<InetAddress> route(const Socket& socket, const SocketAddress& address) {
    bool old_family = address.family == family_inet && socket.family == family_inet6 &&
                      socket.type == socket_datagram && !socket.options.only_v6.load();
    if (address.family != socket.family && !old_family) return Errno::eafnosupport;
    InetAddress to = address.inet;
    if (to.any()) {
        u16 port = to.port;
        to = socket.family == family_inet6 && !to.mapped_v4() ? loopback_like(InetAddress())
                                                              : loopback_like(InetAddress::v4(0, 0));
        to.port = port;
    }
    constexpr u16 name_service = 53;
    if (to.port == name_service && !to.loopback()) kernel().name_lookup_failed.store(true);
    if (!to.loopback()) return Errno::enetunreach;
    if (to.mapped_v4() && socket.options.only_v6.load()) return Errno::enetunreach;
    return to;
}

SocketAddress inet_name(const Socket& socket, const InetAddress& address) {
    SocketAddress name;
    name.family = socket.family;
    name.inet = address;
    return name;
}

namespace {

NetworkStack::PortRequest port_request(const Socket& socket, const InetAddress& address) {
    return {socket.protocol,
            socket.type,
            address,
            socket.options.only_v6.load(),
            socket.options.reuse_address.load(),
            socket.options.reuse_port.load(),
            socket.family == family_inet6};
}

Result<void> check_port(u16 port) {
    constexpr u16 first_unprivileged = 1024;
    if (port != 0 && port < first_unprivileged &&
        !current_thread()->credentials->capable(cap_net_bind_service))
        return Errno::eacces;
    return {};
}

}  // namespace

TcpSocket::~TcpSocket() {
    network().unbind_port(*this);
}

Result<void> TcpSocket::bind_to(InetAddress address) {
    {
        LockGuard guard(mutex_);
        if (bound_ || state_ != State::fresh) return Errno::einval;
    }
    auto request = port_request(*this, address);
    TRY(network().bind_port(*this, request));
    LockGuard guard(mutex_);
    bound_ = true;
    local_ = inet_name(*this, request.address);
    return {};
}

Result<void> TcpSocket::bind(const SocketAddress& address) {
    InetAddress local = TRY(local_inet(*this, address));
    TRY(check_port(local.port));
    return bind_to(local);
}

Result<void> TcpSocket::ensure_bound() {
    {
        LockGuard guard(mutex_);
        if (state_ == State::connected) return Errno::einval;
        if (bound_) return network().mark_listening(*this);
    }
    TRY(bind_to(unspecified(family)));
    return network().mark_listening(*this);
}

Result<Ref<StreamSocket>> TcpSocket::make_accepted() {
    auto socket = TRY(make_ref<TcpSocket>(family, 0));
    socket->options.only_v6.store(options.only_v6.load());
    socket->options.keep_alive.store(options.keep_alive.load());
    socket->options.send_buffer.store(options.send_buffer.load());
    socket->options.receive_buffer.store(options.receive_buffer.load());
    socket->options.linger_on.store(options.linger_on.load());
    socket->options.linger_seconds.store(options.linger_seconds.load());
    {
        LockGuard guard(remembered_mutex);
        for (const Remembered& row : remembered) TRY(socket->remembered.push(row));
    }
    return Ref<StreamSocket>(std::move(socket));
}

Result<void> TcpSocket::connect(const SocketAddress& address, bool wait) {
    {
        LockGuard guard(mutex_);
        if (state_ == State::connected) {
            // The question after a connect that did not wait: it has succeeded.
            if (connecting_) {
                connecting_ = false;
                return {};
            }
            return Errno::eisconn;
        }
        if (state_ == State::listening) return Errno::eisconn;
    }
    TRY(take_error());
    if (address.family == family_none) return {};
    InetAddress to = TRY(route(*this, address));
    auto listener = network().find_port(protocol, to, nullptr);
    if (!listener) {
        if (wait) return Errno::econnrefused;
        pending_error.store(static_cast<int>(Errno::econnrefused));
        return Errno::einprogress;
    }
    bool bound;
    {
        LockGuard guard(mutex_);
        bound = bound_;
    }
    if (!bound) TRY(bind_to(unspecified(family)));
    InetAddress own = local_.inet;
    if (own.any()) {
        u16 port = own.port;
        own = loopback_like(to);
        own.port = port;
    }
    TRY(connect_to(static_cast<StreamSocket&>(*listener), inet_name(*this, own), inet_name(*this, to), wait));
    if (wait) return {};
    LockGuard guard(mutex_);
    connecting_ = true;
    return Errno::einprogress;
}

UdpSocket::~UdpSocket() {
    network().unbind_port(*this);
}

Result<void> UdpSocket::bind(const SocketAddress& address) {
    InetAddress local = TRY(local_inet(*this, address));
    TRY(check_port(local.port));
    {
        LockGuard guard(mutex_);
        if (bound_) return Errno::einval;
    }
    auto request = port_request(*this, local);
    TRY(network().bind_port(*this, request));
    LockGuard guard(mutex_);
    bound_ = true;
    asked_port_ = local.port != 0;
    local_ = asked_ = request.address;
    return {};
}

Result<void> UdpSocket::ensure_bound() {
    {
        LockGuard guard(mutex_);
        if (bound_) return {};
    }
    auto request = port_request(*this, unspecified(family));
    request.reuse_address = request.reuse_port = false;
    TRY(network().bind_port(*this, request));
    LockGuard guard(mutex_);
    bound_ = true;
    local_ = request.address;
    return {};
}

Result<void> UdpSocket::connect(const SocketAddress& address, bool) {
    if (address.family == family_none) {
        disconnect();
        return {};
    }
    InetAddress to = TRY(route(*this, address));
    TRY(ensure_bound());
    LockGuard guard(mutex_);
    peer_ = to;
    connected_ = true;
    if (local_.any()) {
        u16 port = local_.port;
        local_ = loopback_like(to);
        local_.port = port;
    }
    return {};
}

/// A port that was not asked for by number goes with the connection.
void UdpSocket::disconnect() {
    {
        LockGuard guard(mutex_);
        if (!connected_) return;
        connected_ = false;
        local_ = asked_;
        if (asked_port_) return;
        local_.port = 0;
        bound_ = false;
    }
    network().unbind_port(*this);
}

int UdpSocket::matches_peer(const InetAddress* from) {
    LockGuard guard(mutex_);
    if (!connected_ || from == nullptr) return 0;
    return peer_.same_host(*from) && peer_.port == from->port ? 1 : -1;
}

Result<usize> UdpSocket::send(OutgoingMessage& message) {
    constexpr usize largest = 65507;
    constexpr i32 default_time_to_live = 64;
    TRY(take_error());
    if ((message.flags & message_out_of_band) != 0) return Errno::eopnotsupp;
    InetAddress to;
    if (message.to != nullptr) {
        to = TRY(route(*this, *message.to));
        if (to.port == 0) return Errno::einval;
    } else {
        LockGuard guard(mutex_);
        if (!connected_) return Errno::edestaddrreq;
        to = peer_;
    }
    usize length = message.data->remaining();
    if (length > largest) return Errno::emsgsize;
    TRY(ensure_bound());
    auto packet = TRY(make_own<Packet>());
    TRY(packet->data.resize(length));
    if (length > 0) TRY(message.data->take(packet->data.data(), length));
    InetAddress source;
    {
        LockGuard guard(mutex_);
        if (write_shut_) return broken_pipe(message.flags);
        source = local_;
    }
    if (source.any()) {
        u16 port = source.port;
        source = loopback_like(to);
        source.port = port;
    }
    auto target = network().find_port(protocol, to, &source);
    if (!target) {
        constexpr u16 name_service = 53;
        if (to.port == name_service) kernel().name_lookup_failed.store(true);
        // The port unreachable message of the receiving side.
        LockGuard guard(mutex_);
        if (connected_) pending_error.store(static_cast<int>(Errno::econnrefused));
        return length;
    }
    auto& receiver = static_cast<UdpSocket&>(*target);
    packet->from = inet_name(receiver, source);
    packet->to = to;
    auto chosen = [&](i32 by_message, const std::atomic<i32>& by_option, i32 otherwise) {
        if (by_message >= 0) return by_message;
        i32 option = by_option.load();
        return option >= 0 ? option : otherwise;
    };
    packet->time_to_live = chosen(message.time_to_live, options.time_to_live, default_time_to_live);
    packet->traffic_class = chosen(message.traffic_class, options.traffic_class, 0);
    (void)receiver.queue_.push(std::move(packet), receiver.options.receive_buffer.load());  // full: dropped
    return length;
}

Result<usize> UdpSocket::receive(IncomingMessage& message) {
    if ((message.flags & message_error_queue) != 0) return Errno::eagain;
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    u64 deadline = receive_deadline();
    ThreadWaiter waiter(*current_thread());
    waiter.exclusive = true;
    ThreadWaiter::Scope scope(queue_.read_queue, waiter);
    for (;;) {
        u32 generation = wait_generation();
        TRY(take_error());
        auto taken = queue_.take(message);
        if (taken.ok() || taken.error() != Errno::eagain) return taken;
        {
            LockGuard guard(mutex_);
            if (read_shut_) return usize{0};
        }
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
}

Result<void> UdpSocket::shutdown(Shutdown how) {
    {
        LockGuard guard(mutex_);
        if (how != Shutdown::write) read_shut_ = true;
        if (how != Shutdown::read) write_shut_ = true;
        if (!connected_) {
            queue_.read_queue.wake(~0u, ~0u);
            return Errno::enotconn;
        }
    }
    queue_.read_queue.wake(~0u, ~0u);
    return {};
}

Result<SocketAddress> UdpSocket::local_address() {
    LockGuard guard(mutex_);
    return inet_name(*this, bound_ ? local_ : unspecified(family));
}

Result<SocketAddress> UdpSocket::peer_address() {
    LockGuard guard(mutex_);
    if (!connected_) return Errno::enotconn;
    return inet_name(*this, peer_);
}

u32 UdpSocket::poll(PollTable* table) {
    if (table != nullptr) table->add(queue_.read_queue);
    u32 events = poll_out | poll_write_normal | poll_write_band;
    if (pending_error.load() != 0) events |= poll_error;
    LockGuard guard(mutex_);
    if (!queue_.empty() || read_shut_) events |= poll_in | poll_read_normal;
    if (read_shut_) events |= poll_read_hang_up;
    if (read_shut_ && write_shut_) events |= poll_hang_up;
    return events;
}

}  // namespace litebox
