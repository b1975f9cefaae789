// Builds and takes apart the frame of a signal handler on the guest's stack.
#pragma once

#include "arch/x86_64/registers.h"
#include "core/task/signal.h"
#include "core/task/thread.h"

namespace litebox {

/// Pushes a frame and points the registers at the handler. EFAULT when the stack cannot take it.
Result<void> push_signal_frame(Thread& thread, arch::RegisterFrame& frame, const SignalAction& action,
                               const SignalInfo& info, SignalSet restored_mask);
/// The reverse. EFAULT when the frame cannot be read.
Result<void> pop_signal_frame(Thread& thread, arch::RegisterFrame& frame);

bool on_alternate_stack(const Thread& thread, u64 stack_pointer);

}  // namespace litebox
