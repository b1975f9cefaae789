// The two ends of the way from the loader to the kernel proper.
#pragma once

#include "core/base/types.h"

#pragma GCC visibility push(hidden)
extern "C" {
/// At its final virtual address, on the boot stack, interrupts off, nothing set up. `start_info`: physical;
/// `direct_base`: where the first 4 GiB of physical memory show. No stack protector before %gs is set.
[[noreturn]] void litebox_kernel_main(litebox::u64 start_info, litebox::u64 direct_base);
}
#pragma GCC visibility pop
