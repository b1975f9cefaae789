// South, the part about network devices: ethernet frames to and from the outside, numbered from 0 in the
// order in which the host gave the devices. Part of platform.h's interface; implemented by each platform (vm:
// virtio-net; process: none). Where nobody granted a network there is no device.
//
// A frame is what stands between preamble and check sequence: two addresses, a type, what it carries. The
// device does nothing to it (no checksums, no segmentation). Frames get lost, both ways, as on any wire. What
// was received is the host's word, like everything from outside: check it.
#pragma once

#include <span>

#include "core/base/result.h"

namespace litebox::platform {

inline constexpr usize frame_header = 14, frame_address = 6;

struct FrameDevice {
    u8 address[frame_address];  // of this side
    u16 mtu;                    // of what a frame carries behind its header
};

u32 frame_device_count();
/// Fixed from boot on. This and all that follow: ENODEV for a number that no device has.
Result<FrameDevice> frame_device(u32 device);
/// Whether the other end of the wire is there, as far as the device tells.
Result<bool> frame_link_up(u32 device);

/// EMSGSIZE: shorter than a header, or longer than header and mtu. May wait for the device, and is called
/// with no lock held that another thread spins for.
Result<void> frame_send(u32 device, std::span<const u8> frame);
/// The next frame; sleeps for it until `deadline` (monotonic; 0: not at all), then EAGAIN; EINTR after an
/// interrupt. `to` has room for header and mtu, else EMSGSIZE. By one thread at a time for each device.
Result<usize> frame_receive(u32 device, std::span<u8> to, u64 deadline);

}  // namespace litebox::platform
