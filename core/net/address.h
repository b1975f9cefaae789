// Socket addresses as the core keeps them.
#pragma once

#include "core/base/string.h"

namespace litebox {

enum SocketFamily : int {
    family_none = 0,
    family_unix = 1,
    family_inet = 2,
    family_inet6 = 10,
    family_vsock = 40
};
enum SocketType : int { socket_stream = 1, socket_datagram = 2, socket_raw = 3, socket_sequenced = 5 };

/// An IPv4 address is kept as the IPv6 address that maps it.
struct InetAddress {
    u8 bytes[16] = {};
    u16 port = 0;  // host order
    u32 scope = 0;

    [[nodiscard]] bool mapped_v4() const;
    [[nodiscard]] bool any() const;       // 0.0.0.0 or ::
    [[nodiscard]] bool loopback() const;  // 127.0.0.0/8 or ::1
    [[nodiscard]] bool same_host(const InetAddress& other) const;
    static InetAddress v4(u32 address, u16 port);  // host order
};

/// An end of a vsock connection: a machine (2: the host) and a port.
struct VsockAddress {
    static constexpr u32 any = ~u32{0};
    u32 context = any, port = any;
    bool operator==(const VsockAddress&) const = default;
};

/// Any address that a socket call takes or gives.
struct SocketAddress {
    int family = family_none;
    InetAddress inet;
    VsockAddress vsock;
    /// Unix: a path, or with a leading zero byte an abstract name; empty: unnamed.
    static constexpr usize longest_name = 108;
    char name[longest_name] = {};
    usize name_length = 0;
    [[nodiscard]] string_view unix_name() const { return {name, name_length}; }
    [[nodiscard]] bool abstract() const { return name_length > 0 && name[0] == '\0'; }
};

}  // namespace litebox
