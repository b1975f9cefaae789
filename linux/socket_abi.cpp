#include "linux/socket_abi.h"

#include "core/net/interface.h"
#include "core/net/stream_socket.h"
#include "core/task/process.h"
#include "linux/time_abi.h"

namespace litebox {

namespace {

constexpr u32 unix_header = 2, inet_length = 16, inet6_minimum = 24, inet6_length = 28, vsock_length = 16;
constexpr int level_socket = 1, control_rights = 1, control_credentials = 2;
constexpr int level_ip = 0, ip_tos = 1, ip_ttl = 2, ip_packet_info = 8;
constexpr int level_ipv6 = 41, ipv6_packet_info = 50, ipv6_hop_limit = 52, ipv6_class = 67;
constexpr usize most_descriptors = 253;

u16 swapped(u16 value) {
    return static_cast<u16>(value >> 8 | value << 8);
}

template <typename T>
T field(const u8* bytes, usize offset) {
    T value;
    memcpy(&value, bytes + offset, sizeof(value));
    return value;
}

template <typename T>
void set_field(u8* bytes, usize offset, T value) {
    memcpy(bytes + offset, &value, sizeof(value));
}

struct ControlHeader {
    u64 length;
    i32 level, type;
};
constexpr u64 aligned(u64 length) {
    return (length + 7) & ~u64{7};
}

struct AbiCredentials {
    i32 pid;
    u32 uid, gid;
};

}  // namespace

namespace {

/// struct sockaddr_vm. Whatever is wrong with it is EINVAL.
Result<SocketAddress> decode_vsock(const u8* bytes, u32 length) {
    constexpr u8 to_host = 1;  // the only flag: the host is where everything goes
    SocketAddress result;
    result.family = field<u16>(bytes, 0);
    if (length < vsock_length || result.family != family_vsock || (bytes[12] & ~to_host) != 0)
        return Errno::einval;
    result.vsock = {field<u32>(bytes, 8), field<u32>(bytes, 4)};
    return result;
}

}  // namespace

Result<SocketAddress> read_socket_address(u64 address, u32 length, int family) {
    u8 bytes[longest_socket_address] = {};
    if (length > longest_socket_address) return Errno::einval;
    if (length > 0) TRY(copy_from_user(bytes, address, length));
    SocketAddress result;
    if (length < sizeof(u16)) return Errno::einval;
    if (family == family_vsock) return decode_vsock(bytes, length);
    result.family = field<u16>(bytes, 0);
    if (result.family == family_unix && family == family_unix) {
        u32 name = length - unix_header;
        if (name > SocketAddress::longest_name) return Errno::einval;
        memcpy(result.name, bytes + unix_header, name);
        result.name_length = name;
        // A path ends at its first zero byte; an abstract name has them as they come.
        if (name > 0 && result.name[0] != '\0') {
            usize end = 0;
            while (end < name && result.name[end] != '\0') end++;
            result.name_length = end;
        }
        return result;
    }
    // Another family is for the socket to refuse, once the length is what its own needs.
    if (family == family_inet && result.family != family_inet && result.family != family_none)
        return length < inet_length ? Result<SocketAddress>(Errno::einval) : result;
    if (result.family == family_inet6) {
        if (length < inet6_minimum) return Errno::einval;
        result.inet.port = swapped(field<u16>(bytes, 2));
        memcpy(result.inet.bytes, bytes + 8, 16);
        result.inet.scope = length >= inet6_length ? field<u32>(bytes, 24) : 0;
    } else if (family == family_inet || result.family == family_inet) {
        if (length < inet_length)
            return result.family == family_none && length >= sizeof(u16)
                       ? Result<SocketAddress>(SocketAddress{})
                       : Errno::einval;
        result.inet = InetAddress::v4(__builtin_bswap32(field<u32>(bytes, 4)), swapped(field<u16>(bytes, 2)));
    }
    return result;
}

Result<u32> encode_socket_address(const SocketAddress& from, u8 (&bytes)[longest_socket_address]) {
    memset(bytes, 0, sizeof(bytes));
    set_field<u16>(bytes, 0, static_cast<u16>(from.family));
    switch (from.family) {
        case family_unix: {
            memcpy(bytes + unix_header, from.name, from.name_length);
            bool path = from.name_length > 0 && from.name[0] != '\0';
            return static_cast<u32>(unix_header + from.name_length + (path ? 1 : 0));
        }
        case family_inet:
            set_field<u16>(bytes, 2, swapped(from.inet.port));
            memcpy(bytes + 4, from.inet.bytes + 12, 4);
            return inet_length;
        case family_inet6:
            set_field<u16>(bytes, 2, swapped(from.inet.port));
            memcpy(bytes + 8, from.inet.bytes, 16);
            set_field<u32>(bytes, 24, from.inet.scope);
            return inet6_length;
        case family_vsock:
            set_field<u32>(bytes, 4, from.vsock.port);
            set_field<u32>(bytes, 8, from.vsock.context);
            return vsock_length;
        default:
            return u32{sizeof(u16)};
    }
}

Result<void> write_socket_address(const SocketAddress& from, u64 address, UserPtr<i32> length) {
    u8 bytes[longest_socket_address];
    u32 whole = TRY(encode_socket_address(from, bytes));
    i32 room = TRY(length.read());
    if (room < 0) return Errno::einval;
    if (address != 0) TRY(copy_to_user(address, bytes, min(static_cast<u32>(room), whole)));
    return length.write(static_cast<i32>(whole));
}

namespace {

Result<void> take_descriptors(Thread& thread, Ancillary& ancillary, u64 data, u64 bytes) {
    usize count = bytes / sizeof(i32);
    if (count > most_descriptors) return Errno::einval;
    for (usize i = 0; i < count; i++) {
        i32 descriptor = TRY(UserPtr<const i32>(data).offset(i).read());
        TRY(ancillary.files.push(TRY(thread.files->get(descriptor))));
    }
    return {};
}

Result<void> take_credentials(Thread& thread, Ancillary& ancillary, u64 data, u64 bytes) {
    if (bytes != sizeof(AbiCredentials)) return Errno::einval;
    auto given = TRY(UserPtr<const AbiCredentials>(data).read());
    const Credentials& who = *thread.credentials;
    bool own_pid = given.pid == thread.process->pid || who.capable(cap_sys_admin);
    bool own_uid =
        given.uid == who.uid || given.uid == who.euid || given.uid == who.suid || who.capable(cap_setuid);
    bool own_gid =
        given.gid == who.gid || given.gid == who.egid || given.gid == who.sgid || who.capable(cap_setgid);
    if (!own_pid || !own_uid || !own_gid) return Errno::eperm;
    ancillary.credentials = {given.pid, given.uid, given.gid};
    ancillary.has_credentials = true;
    return {};
}

}  // namespace

namespace {

/// ip(7) and RFC 3542: what a datagram's sender chooses for it alone.
Result<void> take_datagram_choice(const ControlHeader& header, u64 data, OutgoingMessage& message) {
    bool limit = (header.level == level_ip && header.type == ip_ttl) ||
                 (header.level == level_ipv6 && header.type == ipv6_hop_limit);
    bool traffic = (header.level == level_ip && header.type == ip_tos) ||
                   (header.level == level_ipv6 && header.type == ipv6_class);
    if (!limit && !traffic) return {};
    i32 value = 0;
    u64 bytes = header.length - sizeof(header);
    if (bytes == 1 && header.level == level_ip) {
        value = TRY(UserPtr<const u8>(data).read());
    } else {
        if (bytes != sizeof(value)) return Errno::einval;
        value = TRY(UserPtr<const i32>(data).read());
    }
    if (value < -1 || value > 255) return Errno::einval;
    (limit ? message.time_to_live : message.traffic_class) = value;
    return {};
}

}  // namespace

Result<void> read_control(Thread& thread, Socket& socket, u64 control, u64 length, OutgoingMessage& message) {
    auto ancillary = TRY(make_own<Ancillary>());
    ancillary->credentials = {thread.process->pid, thread.credentials->uid, thread.credentials->gid};
    constexpr u64 largest = 1 << 20;
    if (length > largest) return Errno::enobufs;
    for (u64 at = 0; at + sizeof(ControlHeader) <= length;) {
        auto header = TRY(UserPtr<const ControlHeader>(control + at).read());
        if (header.length < sizeof(header) || header.length > length - at) return Errno::einval;
        u64 data = control + at + sizeof(header), bytes = header.length - sizeof(header);
        if (header.level == level_socket) {
            if (header.type == control_rights) {
                if (socket.family != family_unix) return Errno::einval;
                TRY(take_descriptors(thread, *ancillary, data, bytes));
            } else if (header.type == control_credentials) {
                TRY(take_credentials(thread, *ancillary, data, bytes));
            } else {
                return Errno::einval;
            }
        } else if (socket.family != family_unix) {
            TRY(take_datagram_choice(header, data, message));
        }
        at += aligned(header.length);
    }
    message.ancillary = std::move(ancillary);
    return {};
}

namespace {

/// Appends control messages to the guest's buffer; what does not fit is told by MSG_CTRUNC.
struct ControlWriter {
    u64 control, room;
    u64& used;
    u32& result_flags;

    template <typename T>
    Result<void> put(int level, int type, const T& value) const {
        u64 whole = sizeof(ControlHeader) + sizeof(T);
        if (room - used < whole) {
            result_flags |= message_control_truncated;
            return {};
        }
        TRY(UserPtr<ControlHeader>(control + used).write({whole, level, type}));
        TRY(UserPtr<T>(control + used + sizeof(ControlHeader)).write(value));
        used += min(aligned(whole), room - used);
        return {};
    }
};

struct AbiPacketInfo {  // struct in_pktinfo
    i32 index;
    u8 local[4], destination[4];
};
struct AbiPacketInfo6 {  // struct in6_pktinfo
    u8 destination[16];
    u32 index;
};

/// ip(7), ipv6(7) and socket(7): what is told of a datagram beside its bytes.
Result<void> write_arrival(Socket& socket, const IncomingMessage& message, ControlWriter writer) {
    constexpr int stamp = 29, stamp_ns = 35;
    auto& wanted = socket.options;
    if (wanted.precise_time_stamps.load())
        TRY(writer.put(level_socket, stamp_ns, to_timespec(message.arrived_ns)));
    else if (wanted.time_stamps.load())
        TRY(writer.put(level_socket, stamp, to_timeval(message.arrived_ns)));
    bool v4 = message.to.mapped_v4();
    if (v4 && wanted.packet_info.load()) {
        AbiPacketInfo info{static_cast<i32>(loopback_index), {}, {}};
        memcpy(info.local, message.to.bytes + 12, sizeof(info.local));
        memcpy(info.destination, message.to.bytes + 12, sizeof(info.destination));
        TRY(writer.put(level_ip, ip_packet_info, info));
    }
    if (v4 && wanted.receive_ttl.load()) TRY(writer.put(level_ip, ip_ttl, message.time_to_live));
    if (socket.family == family_inet6 && wanted.packet_info_v6.load()) {
        AbiPacketInfo6 info{{}, loopback_index};
        memcpy(info.destination, message.to.bytes, sizeof(info.destination));
        TRY(writer.put(level_ipv6, ipv6_packet_info, info));
    }
    if (!v4 && wanted.receive_hop_limit.load())
        TRY(writer.put(level_ipv6, ipv6_hop_limit, message.time_to_live));
    if (!wanted.receive_traffic_class.load()) return {};
    if (v4)
        TRY(writer.put(level_ip, ip_tos, static_cast<u8>(message.traffic_class)));
    else
        TRY(writer.put(level_ipv6, ipv6_class, message.traffic_class));
    return {};
}

}  // namespace

Result<u64> write_control(Thread& thread, Socket& socket, IncomingMessage& message, u64 control, u64 room) {
    u64 used = 0;
    bool wants_credentials = socket.options.pass_credentials.load();
    if (wants_credentials && socket.family == family_unix) {
        PeerCredentials peer = socket.peer_credentials();
        AbiCredentials credentials{peer.pid, peer.uid, peer.gid};
        if (peer.pid == 0) credentials = {0, 65534, 65534};
        if (message.ancillary) {
            const PeerCredentials& from = message.ancillary->credentials;
            credentials = {from.pid, from.uid, from.gid};
        }
        u64 needed = sizeof(ControlHeader) + sizeof(credentials);
        if (room >= needed) {
            TRY(UserPtr<ControlHeader>(control).write({needed, level_socket, control_credentials}));
            TRY(UserPtr<AbiCredentials>(control + sizeof(ControlHeader)).write(credentials));
            used = min(aligned(needed), room);
        } else {
            message.result_flags |= message_control_truncated;
        }
    }
    if (message.has_arrival && socket.family != family_unix)
        TRY(write_arrival(socket, message, ControlWriter{control, room, used, message.result_flags}));
    if (!message.ancillary || message.ancillary->files.empty()) return used;
    auto& files = message.ancillary->files;
    u64 left = room - used;
    usize fit = left < sizeof(ControlHeader) ? 0 : (left - sizeof(ControlHeader)) / sizeof(i32);
    bool close_on_exec = (message.flags & message_close_on_exec) != 0;
    usize given = 0;
    for (; given < files.size() && given < fit; given++) {
        auto descriptor = thread.files->add(files[given], close_on_exec);
        if (!descriptor.ok()) break;
        auto written =
            UserPtr<i32>(control + used + sizeof(ControlHeader)).offset(given).write(descriptor.value());
        if (written.ok()) continue;
        (void)thread.files->close(descriptor.value());
        return written.error();
    }
    if (given < files.size()) message.result_flags |= message_control_truncated;
    if (given == 0) return used;
    u64 length = sizeof(ControlHeader) + given * sizeof(i32);
    TRY(UserPtr<ControlHeader>(control + used).write({length, level_socket, control_rights}));
    return used + min(aligned(length), room - used);
}

}  // namespace litebox
