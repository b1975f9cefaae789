// The system process: the template for blank spaces, and the thread that serves alarms and the terminal's
// news.
#pragma once

#include "platform/process/thread_slot.h"

namespace litebox::process {

platform::Space* new_space(SandboxState& state);
/// Clones the calling process; `block` is the child's thread and goes on at its entry.
Result<void> clone_into(platform::Space& space, PlatformBlock& block);
void spare_thread(Thread* none);
void leave_spare(PlatformBlock* block);
/// Frees a block that the calling host thread has used and left for another one.
void abandon_block(PlatformBlock& block);
/// Wakes the system process.
void ring_system_bell(SandboxState& state);
/// Clones the system process off the calling one, which has no guest memory yet.
Result<void> start_system_process();
/// For good, on the calling process, before there is a byte of the program's.
void put_on_guest_filter(const SandboxState& state);

}  // namespace litebox::process
