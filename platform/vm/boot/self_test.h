// Proof that each protection is on: with `self_test=NAME` on the command line the kernel does, right after
// memory and traps stand, what the protection forbids. It has to stop with the reason; one that goes on says
// so.
#pragma once

#include "platform/vm/boot/boot_info.h"

namespace litebox::vm {

/// Nothing where the command line names no test.
void run_self_test(const BootInfo& boot);

}  // namespace litebox::vm
