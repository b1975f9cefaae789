// All devices of the machine.
#pragma once

#include "platform/vm/boot/boot_info.h"

namespace litebox::vm {

/// Finds them and starts their drivers; sets machine().devices. On the program's first thread, with
/// interrupts, other threads and memory at work; may sleep. A device that breaks the rules while it starts
/// stops the machine with the reason (platform::panic); one that is missing is missing.
void start_devices(const BootInfo& boot);

}  // namespace litebox::vm
