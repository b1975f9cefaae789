// Signals at the border to the guest: handler frames, rt_sigreturn, what happens before a thread resumes.
#pragma once

#include "arch/x86_64/registers.h"
#include "core/task/thread.h"

namespace litebox {

/// A system call's way out: null when the guest was interrupted or faulted.
struct CallOutcome {
    u64 number;
    Errno restart;  // restartsys and its kin, else none
};

/// Does all pending work (end, stop, signals) of the current thread. `outcome`: the call to restart or
/// interrupt; on return
/// `*restart` says that the call is to be made again at once (no handler ran).
void leave_to_guest(arch::RegisterFrame& frame, const CallOutcome* outcome, bool* restart);

/// rt_sigreturn(2): registers, mask and alternate stack from the frame at the guest's stack pointer.
void restore_signal_frame(arch::RegisterFrame& frame);

}  // namespace litebox
