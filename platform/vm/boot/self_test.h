// Proof that each protection is on: with `self_test=NAME` on the command line the kernel does, right after
// memory and traps stand, what the protection forbids. It has to stop with the reason; one that goes on says
// so. And proof that a device works which no program reaches: it is tried once all devices have started.
#pragma once

#include "platform/vm/boot/boot_info.h"

namespace litebox::vm {

enum class SelfTestStage : u8 { processor, devices };
/// Nothing where the command line names no test of this stage.
void run_self_test(const BootInfo& boot, SelfTestStage stage);

}  // namespace litebox::vm
