// getsockopt(2) and setsockopt(2). Options that change nothing on a loopback of our own are remembered and
// read back.

#include "core/net/network.h"
#include "core/net/vsock_socket.h"
#include "core/task/process.h"
#include "linux/network_calls.h"
#include "linux/socket_abi.h"

namespace litebox::sys {

namespace {

constexpr int level_socket = 1, level_ip = 0, level_tcp = 6, level_udp = 17, level_ipv6 = 41,
              level_udp_lite = 136, level_vsock = family_vsock;

enum SocketOption : int {
    option_debug = 1,
    option_reuse_address,
    option_type,
    option_error,
    option_dont_route,
    option_broadcast,
    option_send_buffer,
    option_receive_buffer,
    option_keep_alive,
    option_out_of_band_inline,
    option_no_check,
    option_priority,
    option_linger,
    option_bsd_compat,
    option_reuse_port,
    option_pass_credentials,
    option_peer_credentials,
    option_receive_low_water,
    option_send_low_water,
    option_receive_timeout,
    option_send_timeout,
    option_attach_filter = 26,
    option_detach_filter = 27,
    option_timestamp = 29,
    option_accepting = 30,
    option_peer_security = 31,
    option_send_buffer_force = 32,
    option_receive_buffer_force = 33,
    option_pass_security = 34,
    option_timestamp_ns = 35,
    option_mark = 36,
    option_protocol = 38,
    option_domain = 39,
    option_peek_offset = 42,
    option_busy_poll = 46,
    option_incoming_cpu = 49,
    option_peer_groups = 59,
};
constexpr int option_only_v6 = 26;
constexpr int tcp_no_delay = 1, tcp_maximum_segment = 2, tcp_keep_idle = 4, tcp_keep_interval = 5,
              tcp_keep_count = 6, tcp_info = 11, tcp_congestion = 13;

enum VsockOption : int {  // values are Linux's SO_VM_SOCKETS_*
    vsock_buffer_size = 0,
    vsock_buffer_least = 1,
    vsock_buffer_most = 2,
    vsock_connect_timeout = 6,
    vsock_connect_timeout_new = 8,
};

struct AbiLinger {
    i32 on, seconds;
};

Result<i32> read_int(u64 value, i32 length) {
    if (length < static_cast<i32>(sizeof(i32))) return Errno::einval;
    return UserPtr<const i32>(value).read();
}

Result<u64> read_timeout(u64 value, i32 length) {
    if (length < static_cast<i32>(sizeof(AbiTimeval))) return Errno::einval;
    auto time = TRY(UserPtr<const AbiTimeval>(value).read());
    if (time.microseconds < 0 || time.microseconds >= 1'000'000) return Errno::edom;
    if (time.seconds < 0) return u64{1};
    return to_ns(time);
}

Result<void> remember(Socket& socket, int level, int name, i32 value) {
    constexpr usize most = 64;
    LockGuard guard(socket.remembered_mutex);
    for (auto& row : socket.remembered)
        if (row.level == level && row.name == name) {
            row.value = value;
            return {};
        }
    if (socket.remembered.size() >= most) return Errno::enobufs;
    return socket.remembered.push(Socket::Remembered{level, name, value});
}

i32 recall(Socket& socket, int level, int name, i32 otherwise) {
    LockGuard guard(socket.remembered_mutex);
    for (auto& row : socket.remembered)
        if (row.level == level && row.name == name) return row.value;
    return otherwise;
}

u32 doubled_buffer(i32 wanted, u32 smallest) {
    constexpr u32 largest = 212992;  // net.core.[rw]mem_max
    u32 value = wanted < 0 ? largest : min(static_cast<u32>(wanted), largest);
    return max(value * 2, smallest);
}

Result<void> set_socket_option(Thread& thread, Socket& socket, int name, u64 value, i32 length) {
    auto& o = socket.options;
    switch (name) {
        case option_receive_timeout:
            o.receive_timeout_ns.store(TRY(read_timeout(value, length)));
            return {};
        case option_send_timeout:
            o.send_timeout_ns.store(TRY(read_timeout(value, length)));
            return {};
        case option_linger: {
            if (length < static_cast<i32>(sizeof(AbiLinger))) return Errno::einval;
            auto linger = TRY(UserPtr<const AbiLinger>(value).read());
            o.linger_on.store(linger.on != 0);
            o.linger_seconds.store(static_cast<u32>(linger.seconds));
            return {};
        }
        case option_attach_filter:
            return Errno::enomem;
        case option_detach_filter:
            return Errno::enoent;
        case option_type:
        case option_error:
        case option_accepting:
        case option_protocol:
        case option_domain:
        case option_peer_credentials:
            return Errno::enoprotoopt;
        default:
            break;
    }
    i32 number = TRY(read_int(value, length));
    bool flag = number != 0;
    constexpr u32 smallest_send = 4608, smallest_receive = 2304;
    switch (name) {
        case option_reuse_address:
            o.reuse_address.store(flag);
            return {};
        case option_reuse_port:
            o.reuse_port.store(flag);
            return {};
        case option_keep_alive:
            o.keep_alive.store(flag);
            return {};
        case option_broadcast:
            o.broadcast.store(flag);
            return {};
        case option_pass_credentials:
            if (socket.family != family_unix) return Errno::eopnotsupp;
            o.pass_credentials.store(flag);
            if (flag) network().credentials_asked.store(true, std::memory_order_relaxed);
            return {};
        case option_out_of_band_inline:
            socket.set_urgent_in_line(flag);
            return {};
        case option_timestamp:
            o.time_stamps.store(flag);
            o.precise_time_stamps.store(false);
            return {};
        case option_timestamp_ns:
            o.time_stamps.store(flag);
            o.precise_time_stamps.store(flag);
            return {};
        case option_send_buffer:
            o.send_buffer.store(doubled_buffer(number, smallest_send));
            return {};
        case option_receive_buffer:
            o.receive_buffer.store(doubled_buffer(number, smallest_receive));
            return {};
        case option_send_buffer_force:
        case option_receive_buffer_force:
            if (!thread.credentials->capable(cap_net_admin)) return Errno::eperm;
            (name == option_send_buffer_force ? o.send_buffer : o.receive_buffer)
                .store(static_cast<u32>(max(number, 0)) * 2);
            return {};
        case option_receive_low_water:
            o.low_water.store(number < 0 ? 0x7fffffff : max(1u, static_cast<u32>(number)));
            return {};
        case option_send_low_water:
            return Errno::enoprotoopt;
        case option_priority:
            if ((number < 0 || number > 6) && !thread.credentials->capable(cap_net_admin))
                return Errno::eperm;
            o.priority.store(static_cast<u32>(number));
            return {};
        case option_mark:
            if (!thread.credentials->capable(cap_net_admin)) return Errno::eperm;
            o.mark.store(static_cast<u32>(number));
            return {};
        case option_debug:
            return flag && !thread.credentials->capable(cap_net_admin) ? Errno::eacces : Result<void>();
        case option_peek_offset:
            if (socket.family != family_unix) return Errno::eopnotsupp;
            o.peek_offset.store(number);
            return {};
        case option_dont_route:
        case option_no_check:
            return remember(socket, level_socket, name, flag);
        case option_bsd_compat:
        case option_pass_security:
        case option_busy_poll:
        case option_incoming_cpu:
            return remember(socket, level_socket, name, number);
        default:
            return Errno::enoprotoopt;
    }
}

bool is_inet(const Socket& socket) {
    return socket.family == family_inet || socket.family == family_inet6;
}

/// What changes the packets or what is told of them; the value is remembered by the caller.
Result<void> set_datagram_option(Socket& socket, int level, int name, i32 number) {
    constexpr int ip_tos = 1, ip_ttl = 2, ip_packet_info = 8, ip_receive_ttl = 12, ip_receive_tos = 13;
    constexpr int ipv6_unicast_hops = 16, ipv6_receive_packet_info = 49, ipv6_receive_hop_limit = 51,
                  ipv6_receive_class = 66, ipv6_class = 67;
    auto& o = socket.options;
    bool flag = number != 0;
    if ((level == level_ip && name == ip_ttl) || (level == level_ipv6 && name == ipv6_unicast_hops)) {
        i32 lowest = level == level_ip ? 1 : 0;
        if (number != -1 && (number < lowest || number > 255)) return Errno::einval;
        o.time_to_live.store(number);
    }
    if (level == level_ip && name == ip_tos) o.traffic_class.store(number & 0xff);
    if (level == level_ipv6 && name == ipv6_class) {
        if (number < -1 || number > 255) return Errno::einval;
        o.traffic_class.store(number);
    }
    bool receive_class =
        (level == level_ip && name == ip_receive_tos) || (level == level_ipv6 && name == ipv6_receive_class);
    if (receive_class) o.receive_traffic_class.store(flag);
    if (level == level_ip && name == ip_packet_info) o.packet_info.store(flag);
    if (level == level_ip && name == ip_receive_ttl) o.receive_ttl.store(flag);
    if (level == level_ipv6 && name == ipv6_receive_packet_info) o.packet_info_v6.store(flag);
    if (level == level_ipv6 && name == ipv6_receive_hop_limit) o.receive_hop_limit.store(flag);
    return {};
}

Result<void> set_vsock_option(VsockSocket& socket, int name, u64 value, i32 length) {
    if (name == vsock_buffer_size) {
        if (length < static_cast<i32>(sizeof(u64))) return Errno::einval;
        u64 wanted = TRY(UserPtr<const u64>(value).read());
        socket.room.store(min(max(wanted, VsockSocket::least_room), VsockSocket::most_room));
        return {};
    }
    if (name != vsock_connect_timeout && name != vsock_connect_timeout_new) return Errno::enoprotoopt;
    if (length < static_cast<i32>(sizeof(AbiTimeval))) return Errno::einval;
    auto time = TRY(UserPtr<const AbiTimeval>(value).read());
    if (time.seconds < 0 || time.microseconds < 0 || time.microseconds >= 1'000'000) return Errno::erange;
    u64 ns = TRY(to_ns(time));
    socket.connect_timeout_ns.store(ns != 0 ? ns : VsockSocket::default_connect_ns);
    return {};
}

Result<void> set_other_option(Socket& socket, int level, int name, u64 value, i32 length) {
    if (socket.family == family_vsock && level == level_vsock)
        return set_vsock_option(static_cast<VsockSocket&>(socket), name, value, length);
    if (!is_inet(socket)) return socket.family == family_unix ? Errno::eopnotsupp : Errno::enoprotoopt;
    if (level == level_ipv6 && socket.family != family_inet6) return Errno::enoprotoopt;
    if (level == level_tcp && socket.type != socket_stream) return Errno::enoprotoopt;
    if (level == level_tcp && name == tcp_congestion) return {};
    i32 number = length >= static_cast<i32>(sizeof(i32)) ? TRY(read_int(value, length))
                 : length >= 1                           ? i32{TRY(UserPtr<const u8>(value).read())}
                                                         : i32{0};
    if (level == level_ipv6 && name == option_only_v6) {
        auto local = socket.local_address();
        if (local.ok() && local.value().inet.port != 0) return Errno::einval;
        socket.options.only_v6.store(number != 0);
        return {};
    }
    if (level == level_tcp) {
        constexpr int last_known = 38;
        if (name <= 0 || name > last_known || name == tcp_info) return Errno::enoprotoopt;
        if ((name == tcp_keep_idle || name == tcp_keep_interval || name == tcp_keep_count) && number < 1)
            return Errno::einval;
    } else if (level == level_ip || level == level_ipv6) {
        TRY(set_datagram_option(socket, level, name, number));
    } else if (level != level_udp && !(level == level_udp_lite && socket.protocol == level_udp_lite)) {
        return Errno::enoprotoopt;
    }
    return remember(socket, level, name, number);
}

Result<u64> give(u64 value, UserPtr<i32> length, const void* data, usize size) {
    i32 room = TRY(length.read());
    if (room < 0) return Errno::einval;
    usize copied = min(static_cast<usize>(room), size);
    TRY(copy_to_user(value, data, copied));
    TRY(length.write(static_cast<i32>(copied)));
    return u64{0};
}

Result<i32> get_socket_number(Socket& socket, int name) {
    auto& o = socket.options;
    switch (name) {
        case option_type:
            return socket.type;
        case option_domain:
            return socket.family;
        case option_protocol:
            return socket.protocol;
        case option_error:
            return socket.take_pending_error();
        case option_accepting:
            return i32{socket.accepting()};
        case option_reuse_address:
            return i32{o.reuse_address.load()};
        case option_reuse_port:
            return i32{o.reuse_port.load()};
        case option_keep_alive:
            return i32{o.keep_alive.load()};
        case option_broadcast:
            return i32{o.broadcast.load()};
        case option_pass_credentials:
            return i32{o.pass_credentials.load()};
        case option_out_of_band_inline:
            return i32{o.out_of_band_inline.load()};
        case option_timestamp:
            return i32{o.time_stamps.load() && !o.precise_time_stamps.load()};
        case option_timestamp_ns:
            return i32{o.precise_time_stamps.load()};
        case option_send_buffer:
            return static_cast<i32>(o.send_buffer.load());
        case option_receive_buffer:
            return static_cast<i32>(o.receive_buffer.load());
        case option_receive_low_water:
            return static_cast<i32>(o.low_water.load());
        case option_send_low_water:
            return 1;
        case option_priority:
            return static_cast<i32>(o.priority.load());
        case option_mark:
            return static_cast<i32>(o.mark.load());
        case option_incoming_cpu:
            return recall(socket, level_socket, name, -1);
        case option_peek_offset:
            return o.peek_offset.load();
        case option_debug:
        case option_dont_route:
        case option_no_check:
        case option_bsd_compat:
        case option_pass_security:
        case option_busy_poll:
            return recall(socket, level_socket, name, 0);
        default:
            return Errno::enoprotoopt;
    }
}

Result<u64> get_socket_option(Socket& socket, int name, u64 value, UserPtr<i32> length) {
    auto& o = socket.options;
    switch (name) {
        case option_receive_timeout:
        case option_send_timeout: {
            u64 ns = (name == option_receive_timeout ? o.receive_timeout_ns : o.send_timeout_ns).load();
            AbiTimeval time = to_timeval(ns);
            return give(value, length, &time, sizeof(time));
        }
        case option_linger: {
            AbiLinger linger{o.linger_on.load() ? 1 : 0, static_cast<i32>(o.linger_seconds.load())};
            return give(value, length, &linger, sizeof(linger));
        }
        case option_peer_credentials: {
            PeerCredentials peer = socket.peer_credentials();
            return give(value, length, &peer, sizeof(peer));
        }
        default:
            break;
    }
    if (TRY(length.read()) < 0) return Errno::einval;
    i32 number = TRY(get_socket_number(socket, name));
    return give(value, length, &number, sizeof(number));
}

Result<i32> default_of(int level, int name) {
    constexpr i32 loopback_segment = 65483;
    if (level == level_tcp) {
        switch (name) {
            case tcp_no_delay:
                return 0;
            case tcp_maximum_segment:
                return loopback_segment;
            case tcp_keep_idle:
                return 7200;
            case tcp_keep_interval:
                return 75;
            case tcp_keep_count:
                return 9;
            default:
                return name > 0 && name <= 38 ? Result<i32>(0) : Errno::enoprotoopt;
        }
    }
    if (level == level_ip) {
        constexpr int time_to_live = 2, mtu_discover = 10, mtu = 14, multicast_ttl = 33, multicast_loop = 34;
        if (name == time_to_live) return 64;
        if (name == mtu_discover || name == multicast_ttl || name == multicast_loop) return 1;
        if (name == mtu) return Errno::enotconn;
        return name > 0 && name < 64 ? Result<i32>(0) : Errno::enoprotoopt;
    }
    if (level == level_ipv6) {
        constexpr int unicast_hops = 16, multicast_hops = 18, multicast_loop = 19;
        if (name == unicast_hops) return 64;
        if (name == multicast_hops || name == multicast_loop) return 1;
        return name > 0 && name < 80 ? Result<i32>(0) : Errno::enoprotoopt;
    }
    constexpr int send_coverage = 10, receive_coverage = 11;  // of UDP-Lite's checksum; 0: all
    if (level == level_udp_lite && (name == send_coverage || name == receive_coverage)) return 0;
    return Errno::enoprotoopt;
}

Result<u64> get_vsock_option(VsockSocket& socket, int name, u64 value, UserPtr<i32> length) {
    i32 room = TRY(length.read());
    if (name == vsock_connect_timeout || name == vsock_connect_timeout_new) {
        AbiTimeval time = to_timeval(socket.connect_timeout_ns.load());
        if (room < static_cast<i32>(sizeof(time))) return Errno::einval;
        return give(value, length, &time, sizeof(time));
    }
    u64 number = 0;
    switch (name) {
        case vsock_buffer_size:
            number = socket.room.load();
            break;
        case vsock_buffer_least:
            number = VsockSocket::least_room;
            break;
        case vsock_buffer_most:
            number = VsockSocket::most_room;
            break;
        default:
            return Errno::enoprotoopt;
    }
    if (room < static_cast<i32>(sizeof(number))) return Errno::einval;
    return give(value, length, &number, sizeof(number));
}

Result<u64> get_other_option(Socket& socket, int level, int name, u64 value, UserPtr<i32> length) {
    if (socket.family == family_vsock && level == level_vsock)
        return get_vsock_option(static_cast<VsockSocket&>(socket), name, value, length);
    if (!is_inet(socket)) return socket.family == family_vsock ? Errno::enoprotoopt : Errno::eopnotsupp;
    if (level == level_tcp && socket.type != socket_stream) return Errno::enoprotoopt;
    if (level == level_ipv6 && socket.family != family_inet6) return Errno::enoprotoopt;
    if (level == level_tcp && name == tcp_congestion)
        return give(value, length, "cubic\0\0\0\0\0\0\0\0\0\0", 16);
    if (level == level_tcp && name == tcp_info) {
        u8 info[104] = {};
        bool connected = socket.peer_address().ok();
        info[0] = connected ? 1 : socket.accepting() ? 10 : 7;
        return give(value, length, info, sizeof(info));
    }
    i32 number = level == level_ipv6 && name == option_only_v6
                     ? i32{socket.options.only_v6.load()}
                     : recall(socket, level, name, TRY(default_of(level, name)));
    return give(value, length, &number, sizeof(number));
}

Result<Ref<Socket>> socket_at(Thread& thread, int descriptor) {
    auto file = TRY(thread.files->get(descriptor));
    if (file->as_socket() == nullptr) return Errno::enotsock;
    return Ref<Socket>(file->as_socket());
}

}  // namespace

Result<u64> setsockopt(Thread& thread, int descriptor, int level, int name, u64 value, i32 length) {
    auto socket = TRY(socket_at(thread, descriptor));
    if (length < 0) return Errno::einval;
    if (level == level_socket)
        TRY(set_socket_option(thread, *socket, name, value, length));
    else
        TRY(set_other_option(*socket, level, name, value, length));
    return u64{0};
}

Result<u64> getsockopt(Thread& thread, int descriptor, int level, int name, u64 value, UserPtr<i32> length) {
    auto socket = TRY(socket_at(thread, descriptor));
    if (level == level_socket) return get_socket_option(*socket, name, value, length);
    return get_other_option(*socket, level, name, value, length);
}

}  // namespace litebox::sys
