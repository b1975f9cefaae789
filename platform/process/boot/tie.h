// The opener ends with the supervisor.
#pragma once

#include "platform/process/boot/raw.h"

namespace litebox::process {

/// The kernel forgets the wish to be killed at a parent's death whenever a thread changes its identity: to be
/// asked for anew each time. The parent may be gone already.
__attribute__((no_stack_protector)) inline void tie_to_supervisor(i32 supervisor) {
    constexpr u64 set_parent_death_signal = 1, sigkill = 9, gone = 0;
    raw::call(raw::nr_prctl, set_parent_death_signal, sigkill);
    if (raw::call(raw::nr_getppid) != supervisor) raw::call(raw::nr_exit_group, gone);
}

}  // namespace litebox::process
