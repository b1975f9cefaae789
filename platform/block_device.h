// South, the part about block devices: disks that the host gives the sandbox, numbered from 0 in the order in
// which they were given. Part of platform.h's interface; implemented by each platform (vm: virtio-blk;
// simulated: buffers; process: none).
//
// Offsets and lengths are multiples of block_unit. A transfer is done whole or fails: EIO where the device
// says so or gives less, EINVAL beyond its end or off the unit, ENODEV for a number that no device has, EROFS
// for a write to a read-only device. Every function but the first two may block, and is called with no lock
// held that another thread spins for; several threads may call at once, on one device too.
//
// Memory. The span lies in the page region or on a core stack. Page-aligned pages of the page region are what
// the device itself reads and writes (DMA), so that a page of a file is filled once and then mapped; the
// platform copies for every other span, and where the host must not reach the sandbox's memory at all
// (confidential guests). When a call returns, also with an error, the device is done with the span: nothing
// in it changes any more. What was read is the host's word, like everything from outside: check it.
#pragma once

#include <span>

#include "core/base/result.h"

namespace litebox::platform {

inline constexpr u64 block_unit = 512;

struct BlockDevice {
    u64 size;  // bytes; fixed from boot on, a multiple of block_unit
    bool read_only;
};

u32 block_device_count();
Result<BlockDevice> block_device(u32 device);

Result<void> block_read(u32 device, u64 offset, std::span<u8> to);
Result<void> block_write(u32 device, u64 offset, std::span<const u8> from);
/// What was written before is on stable storage when it returns.
Result<void> block_flush(u32 device);

}  // namespace litebox::platform
