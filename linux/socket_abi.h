// Addresses, messages and control data of the socket ABI.
#pragma once

#include "core/net/socket.h"

namespace litebox {

inline constexpr u32 socket_non_block = 04000, socket_close_on_exec = 02000000;
inline constexpr u32 longest_socket_address = 128;

/// Decodes struct sockaddr. EINVAL for lengths that are too short or too long; the family inside decides.
Result<SocketAddress> read_socket_address(u64 address, u32 length, int family);
/// Writes an address, cut to the room that `*length` tells, and its whole length to `*length`.
Result<void> write_socket_address(const SocketAddress& from, u64 address, UserPtr<i32> length);
/// The same, giving the whole length back.
Result<u32> encode_socket_address(const SocketAddress& from, u8 (&bytes)[longest_socket_address]);

struct AbiMessage {
    u64 name;
    u32 name_length, padding;
    u64 segments, segment_count;
    u64 control, control_length;
    u32 flags, padding2;
};
static_assert(sizeof(AbiMessage) == 56);

/// Control data of sendmsg: descriptors and credentials, hop limit and traffic class of a datagram.
Result<void> read_control(Thread& thread, Socket& socket, u64 control, u64 length, OutgoingMessage& message);
/// Control data for recvmsg; returns the bytes used. Sets message_control_truncated when something did not
/// fit.
Result<u64> write_control(Thread& thread, Socket& socket, IncomingMessage& message, u64 control, u64 room);

}  // namespace litebox
