// South, the part about the vsock device: packets between the sandbox and whoever runs its machine, as
// VIRTIO 1.2, 5.10 has them. Part of platform.h's interface; implemented by each platform (vm: virtio-vsock;
// simulated: a test's device; process: none).
//
// The platform passes packets on as they come: connections, ports and credit are the core's (core/net/vsock).
// What a packet says is the host's word, like everything from outside: check it.
#pragma once

#include <span>

#include "core/base/result.h"

namespace litebox::platform {

enum class VsockOperation : u16 {
    request = 1,
    response,
    reset,
    shutdown,
    data,
    credit_update,
    credit_request,
};

struct VsockPacket {
    u64 source, destination;  // context identifiers: 2 is the host
    u32 source_port, destination_port;
    u16 type;  // vsock_stream; a device may say anything, here and below
    VsockOperation operation;
    u32 flags;  // of shutdown: 1 no more is received, 2 no more is sent
    u32 room;   // of the sender of this packet, in bytes, for what is sent to it
    u32 taken;  // bytes that it has taken out of there so far, modulo 2^32
};
inline constexpr u16 vsock_stream = 1;
inline constexpr usize vsock_largest_payload = 4032;  // that vsock_send takes

/// This side's context identifier. ENODEV where there is no device.
Result<u64> vsock_address();
/// The core is ready: upcalls may come from here on, before this returns too. Called once. ENODEV as above.
Result<void> vsock_begin();
/// May wait for the device, and is called with no lock held that another thread spins for.
void vsock_send(const VsockPacket& packet, std::span<const u8> payload);

}  // namespace litebox::platform

namespace litebox::upcall {

/// A packet has come. On a thread of the platform's own, one packet after the other: no current thread, so it
/// must neither wait for guests nor touch their memory; it may call vsock_send.
void vsock_packet(const platform::VsockPacket& packet, std::span<const u8> payload);
/// The device lost all its connections (the machine was moved, say), and this side's address may be another.
void vsock_lost();

}  // namespace litebox::upcall
