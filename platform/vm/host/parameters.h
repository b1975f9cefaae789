// What the invoker asked for: from the boot module (abi/parameters.h), else from the command line.
#pragma once

#include "platform/vm/abi/parameters.h"
#include "platform/vm/boot/boot_info.h"

namespace litebox::vm {

/// Reads it all into memory of the kernel's own. Right after memory stands: no threads, no heap, no
/// interrupts. Returns what is wrong, empty when nothing is.
std::string_view read_parameters(const BootInfo& boot);

/// What the command told of the clock; zeros where it told nothing. `counter_hz=` on the command line counts
/// too.
ClockRecord told_clock();

}  // namespace litebox::vm
