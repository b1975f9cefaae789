#include "linux/network_calls.h"

#include "core/net/inet_socket.h"
#include "core/net/unix_socket.h"
#include "core/net/vsock_socket.h"
#include "core/task/process.h"
#include "core/task/timers.h"
#include "linux/socket_abi.h"

namespace litebox::sys {

namespace {

constexpr int family_packet = 17;
constexpr int type_mask = 15, protocol_tcp = 6, protocol_udp = 17, protocol_udp_lite = 136;

Result<Ref<Socket>> socket_at(Thread& thread, int descriptor) {
    auto file = TRY(thread.files->get(descriptor));
    Socket* socket = file->as_socket();
    if (socket == nullptr) return Errno::enotsock;
    return Ref<Socket>(socket);
}

Result<Ref<Socket>> make_inet(int family, int type, int protocol, u32 flags) {
    switch (type) {
        case socket_stream:
            if (protocol != 0 && protocol != protocol_tcp) return Errno::eprotonosupport;
            return Ref<Socket>(TRY(make_ref<TcpSocket>(family, flags)));
        case socket_datagram:
            if (protocol == 0) protocol = protocol_udp;
            if (protocol != protocol_udp && protocol != protocol_udp_lite) return Errno::eprotonosupport;
            return Ref<Socket>(TRY(make_ref<UdpSocket>(family, protocol, flags)));
        case socket_raw:
            return Errno::eperm;
        default:
            return Errno::esocktnosupport;
    }
}

/// As with a transport that has streams only.
Result<Ref<Socket>> make_vsock(int type, int protocol, u32 flags) {
    if (protocol != 0 && protocol != family_vsock) return Errno::eprotonosupport;
    if (type == socket_datagram) return Errno::enodev;
    if (type != socket_stream) return Errno::esocktnosupport;
    return Ref<Socket>(TRY(make_ref<VsockSocket>(flags)));
}

/// Calls that name a peer give such sockets none: they have theirs by connect.
bool takes_no_name(const Socket& socket) {
    return socket.type == socket_stream && (socket.family == family_unix || socket.family == family_vsock);
}

Result<Ref<Socket>> make_socket(int family, int type, int protocol) {
    u32 flags = static_cast<u32>(type) & ~u32{type_mask};
    if ((flags & ~(socket_non_block | socket_close_on_exec)) != 0) return Errno::einval;
    int kind = type & type_mask;
    constexpr int most_families = 46;
    if (family < 0 || family >= most_families) return Errno::eafnosupport;
    if (kind == 0 || kind > 10) return Errno::einval;
    Ref<Socket> socket;
    switch (family) {
        case family_unix:
            if (protocol != 0 && protocol != family_unix) return Errno::eprotonosupport;
            if (kind == socket_raw) kind = socket_datagram;
            if (kind != socket_stream && kind != socket_datagram && kind != socket_sequenced)
                return Errno::esocktnosupport;
            socket = TRY(make_unix_socket(kind, flags & socket_non_block));
            break;
        case family_inet:
        case family_inet6:
            socket = TRY(make_inet(family, kind, protocol, flags & socket_non_block));
            break;
        case family_vsock:
            socket = TRY(make_vsock(kind, protocol, flags & socket_non_block));
            break;
        case family_packet:
            return current_thread()->credentials->capable(cap_net_raw) ? Errno::eafnosupport : Errno::eperm;
        default:
            return Errno::eafnosupport;
    }
    TRY(socket->make_inode());
    return socket;
}

/// Addresses of the calls that may leave them out.
struct NamedAddress {
    SocketAddress address;
    const SocketAddress* pointer = nullptr;
};
Result<void> read_name(NamedAddress& name, const Socket& socket, u64 address, u32 length) {
    if (address == 0 || length == 0) return {};
    name.address = TRY(read_socket_address(address, length, socket.family));
    name.pointer = &name.address;
    return {};
}

}  // namespace

Result<u64> socket(Thread& thread, int family, int type, int protocol) {
    auto made = TRY(make_socket(family, type, protocol));
    bool close_on_exec = (static_cast<u32>(type) & socket_close_on_exec) != 0;
    return static_cast<u64>(TRY(thread.files->add(std::move(made), close_on_exec)));
}

Result<u64> socketpair(Thread& thread, int family, int type, int protocol, UserPtr<i32> pair) {
    if (family != family_unix) {
        TRY(make_socket(family, type, protocol));
        return Errno::eopnotsupp;
    }
    auto a = TRY(make_socket(family, type, protocol)), b = TRY(make_socket(family, type, protocol));
    if (a->type == socket_stream)
        TRY(StreamSocket::join(static_cast<StreamSocket&>(*a), static_cast<StreamSocket&>(*b)));
    else
        TRY(UnixPacketSocket::join(static_cast<UnixPacketSocket&>(*a), static_cast<UnixPacketSocket&>(*b)));
    bool close_on_exec = (static_cast<u32>(type) & socket_close_on_exec) != 0;
    int first = TRY(thread.files->add(a, close_on_exec));
    auto second = thread.files->add(b, close_on_exec);
    if (!second.ok()) {
        (void)thread.files->close(first);
        return second.error();
    }
    const i32 numbers[2] = {first, second.value()};
    auto written = pair.write_array(numbers);
    if (!written.ok()) {
        (void)thread.files->close(first);
        (void)thread.files->close(second.value());
        return written.error();
    }
    return u64{0};
}

Result<u64> bind(Thread& thread, int descriptor, u64 address, u32 length) {
    auto target = TRY(socket_at(thread, descriptor));
    TRY(target->bind(TRY(read_socket_address(address, length, target->family))));
    return u64{0};
}

Result<u64> connect(Thread& thread, int descriptor, u64 address, u32 length) {
    auto target = TRY(socket_at(thread, descriptor));
    auto name = read_socket_address(address, length, target->family);
    // TCP and vsock look at their state before they look at the address.
    bool settled = target->family != family_unix && target->type == socket_stream &&
                   (target->accepting() || target->peer_address().ok());
    if (!name.ok()) return name.error() == Errno::einval && settled ? Errno::eisconn : name.error();
    TRY(target->connect(name.value(), !target->non_blocking()));
    return u64{0};
}

Result<u64> listen(Thread& thread, int descriptor, int backlog) {
    TRY(TRY(socket_at(thread, descriptor))->listen(backlog));
    return u64{0};
}

Result<u64> accept(Thread& thread, int descriptor, u64 address, UserPtr<i32> length) {
    return accept4(thread, descriptor, address, length, 0);
}

Result<u64> accept4(Thread& thread, int descriptor, u64 address, UserPtr<i32> length, u32 flags) {
    if ((flags & ~(socket_non_block | socket_close_on_exec)) != 0) return Errno::einval;
    auto listener = TRY(socket_at(thread, descriptor));
    // The descriptor first: a connection that was taken must not be lost for want of one.
    int slot = TRY(thread.files->add(listener, (flags & socket_close_on_exec) != 0));
    auto taken = listener->accept(!listener->non_blocking());
    if (!taken.ok()) {
        (void)thread.files->close(slot);
        return taken.error();
    }
    auto accepted = std::move(taken).value();
    accepted->set_flags(accepted->flags() | (flags & socket_non_block));
    if (address != 0) {
        auto peer = accepted->peer_address();
        if (peer.ok()) TRY(write_socket_address(peer.value(), address, length));
    }
    TRY(thread.files->set(slot, accepted, (flags & socket_close_on_exec) != 0));
    return static_cast<u64>(slot);
}

Result<u64> getsockname(Thread& thread, int descriptor, u64 address, UserPtr<i32> length) {
    TRY(write_socket_address(TRY(TRY(socket_at(thread, descriptor))->local_address()), address, length));
    return u64{0};
}

Result<u64> getpeername(Thread& thread, int descriptor, u64 address, UserPtr<i32> length) {
    TRY(write_socket_address(TRY(TRY(socket_at(thread, descriptor))->peer_address()), address, length));
    return u64{0};
}

namespace {

constexpr usize largest_transfer = 0x7ffff000;

Result<u64> send_one(Thread& thread, Socket& socket, const AbiMessage& abi, u32 flags) {
    constexpr u64 most_segments = 1024;
    if (abi.segment_count > most_segments) return Errno::emsgsize;
    Vector<IoSegment> segments;
    TRY(segments.resize(abi.segment_count));
    TRY(UserPtr<const IoSegment>(abi.segments).read_array({segments.data(), segments.size()}));
    for (IoSegment& segment : segments)
        if (segment.length > largest_transfer) return Errno::einval;
    NamedAddress name;
    if (abi.name != 0 && static_cast<i32>(abi.name_length) < 0) return Errno::einval;
    if (abi.name != 0 && abi.name_length != 0 && takes_no_name(socket))
        return socket.peer_address().ok() ? Errno::eisconn : Errno::eopnotsupp;
    TRY(read_name(name, socket, abi.name, abi.name_length));
    auto cursor = IoCursor::user(std::span<const IoSegment>(segments.data(), segments.size()));
    OutgoingMessage message;
    message.data = &cursor;
    message.to = name.pointer;
    message.flags = flags;
    message.wait = !socket.non_blocking();
    if (abi.control != 0 && abi.control_length > 0)
        TRY(read_control(thread, socket, abi.control, abi.control_length, message));
    return TRY(socket.send(message));
}

struct Received {
    u64 bytes;
    u32 flags;
};

Result<Received> receive_one(Thread& thread, Socket& socket, u64 header_address, u32 flags) {
    constexpr u64 most_segments = 1024;
    auto abi = TRY(UserPtr<const AbiMessage>(header_address).read());
    if (abi.segment_count > most_segments) return Errno::emsgsize;
    Vector<IoSegment> segments;
    TRY(segments.resize(abi.segment_count));
    TRY(UserPtr<const IoSegment>(abi.segments).read_array({segments.data(), segments.size()}));
    auto cursor = IoCursor::user(std::span<const IoSegment>(segments.data(), segments.size()));
    IncomingMessage message;
    message.data = &cursor;
    message.flags = flags;
    message.wait = !socket.non_blocking();
    u64 bytes = TRY(socket.receive(message));
    u64 control_used =
        TRY(write_control(thread, socket, message, abi.control, abi.control != 0 ? abi.control_length : 0));
    u32 name_length = 0;
    if (abi.name != 0 && message.has_from) {
        u8 encoded[longest_socket_address];
        name_length = TRY(encode_socket_address(message.from, encoded));
        TRY(copy_to_user(abi.name, encoded, min(abi.name_length, name_length)));
    }
    if (abi.name != 0)
        TRY(UserPtr<u32>(header_address + offsetof(AbiMessage, name_length)).write(name_length));
    TRY(UserPtr<u64>(header_address + offsetof(AbiMessage, control_length)).write(control_used));
    u32 result_flags = message.result_flags | (flags & message_close_on_exec);
    TRY(UserPtr<u32>(header_address + offsetof(AbiMessage, flags)).write(result_flags));
    bool whole = (flags & message_truncated) != 0 && (message.result_flags & message_truncated) != 0;
    return Received{whole ? message.whole_length : bytes, result_flags};
}

}  // namespace

Result<u64> sendto(Thread& thread, int descriptor, u64 buffer, usize size, u32 flags, u64 address,
                   u32 length) {
    auto target = TRY(socket_at(thread, descriptor));
    NamedAddress name;
    if (address != 0 && length != 0 && takes_no_name(*target))
        return target->peer_address().ok() ? Errno::eisconn : Errno::eopnotsupp;
    TRY(read_name(name, *target, address, length));
    auto cursor = IoCursor::user(buffer, min(size, largest_transfer));
    OutgoingMessage message;
    message.data = &cursor;
    message.to = name.pointer;
    message.flags = flags;
    message.wait = !target->non_blocking();
    return TRY(target->send(message));
}

Result<u64> recvfrom(Thread& thread, int descriptor, u64 buffer, usize size, u32 flags, u64 address,
                     UserPtr<i32> length) {
    auto target = TRY(socket_at(thread, descriptor));
    auto cursor = IoCursor::user(buffer, min(size, largest_transfer));
    IncomingMessage message;
    message.data = &cursor;
    message.flags = flags;
    message.wait = !target->non_blocking();
    u64 bytes = TRY(target->receive(message));
    if (address != 0) {
        if (message.has_from)
            TRY(write_socket_address(message.from, address, length));
        else
            TRY(length.write(0));
    }
    bool whole = (flags & message_truncated) != 0 && (message.result_flags & message_truncated) != 0;
    return whole ? message.whole_length : bytes;
}

Result<u64> sendmsg(Thread& thread, int descriptor, u64 message, u32 flags) {
    auto target = TRY(socket_at(thread, descriptor));
    return send_one(thread, *target, TRY(UserPtr<const AbiMessage>(message).read()), flags);
}

Result<u64> recvmsg(Thread& thread, int descriptor, u64 message, u32 flags) {
    auto target = TRY(socket_at(thread, descriptor));
    return TRY(receive_one(thread, *target, message, flags)).bytes;
}

namespace {
struct AbiMultiMessage {
    AbiMessage header;
    u32 length, padding;
};
static_assert(sizeof(AbiMultiMessage) == 64);
constexpr u32 most_messages = 1024;
}  // namespace

Result<u64> sendmmsg(Thread& thread, int descriptor, u64 messages, u32 count, u32 flags) {
    auto target = TRY(socket_at(thread, descriptor));
    u64 done = 0;
    for (; done < min(count, most_messages); done++) {
        u64 at = messages + done * sizeof(AbiMultiMessage);
        auto header = UserPtr<const AbiMessage>(at).read();
        auto sent =
            header.ok() ? send_one(thread, *target, header.value(), flags) : Result<u64>(header.error());
        if (!sent.ok()) return done > 0 ? Result<u64>(done) : Result<u64>(sent.error());
        TRY(UserPtr<u32>(at + offsetof(AbiMultiMessage, length)).write(static_cast<u32>(sent.value())));
    }
    return done;
}

Result<u64> recvmmsg(Thread& thread, int descriptor, u64 messages, u32 count, u32 flags,
                     UserPtr<const AbiTimespec> timeout) {
    auto target = TRY(socket_at(thread, descriptor));
    u64 deadline = platform::no_deadline;
    if (timeout) deadline = deadline_after(TRY(to_ns(TRY(timeout.read()))));
    u64 done = 0;
    for (; done < min(count, most_messages); done++) {
        u64 at = messages + done * sizeof(AbiMultiMessage);
        u32 wanted = flags & ~u32{message_wait_for_one};
        if (done > 0 && (flags & message_wait_for_one) != 0) wanted |= message_dont_wait;
        auto received = receive_one(thread, *target, at, wanted);
        if (!received.ok()) return done > 0 ? Result<u64>(done) : Result<u64>(received.error());
        TRY(UserPtr<u32>(at + offsetof(AbiMultiMessage, length))
                .write(static_cast<u32>(received.value().bytes)));
        if (platform::monotonic_ns() >= deadline) return done + 1;
    }
    return done;
}

Result<u64> shutdown(Thread& thread, int descriptor, int how) {
    auto target = TRY(socket_at(thread, descriptor));
    if (how < 0 || how > 2) return Errno::einval;
    TRY(target->shutdown(static_cast<Shutdown>(how)));
    return u64{0};
}

}  // namespace litebox::sys
