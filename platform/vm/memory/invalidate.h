// What this folder asks of the processors' translation buffers. Given by cpu/ (see cpu/interrupts.h), by
// tests in hosted builds. Never called with a spin lock held.
#pragma once

#include "platform/platform.h"

namespace litebox::vm {

/// No processor has a translation of [begin, end) from before the call any more when it returns.
void shoot_down(platform::Space& space, u64 begin, u64 end);
void shoot_down_kernel(u64 begin, u64 end);

}  // namespace litebox::vm
