// The sandbox's one network interface: lo. Requests of netdevice(7).
#pragma once

#include "core/base/result.h"

namespace litebox {

inline constexpr u32 loopback_index = 1;

/// ENOTTY where `command` is none of netdevice(7)'s; ENODEV for other interfaces; nothing can be changed
/// (EPERM).
Result<u64> interface_ioctl(u32 command, u64 argument);

}  // namespace litebox
