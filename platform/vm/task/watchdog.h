// The watchdog: a processor that has work and takes no timer interrupt for a minute is stuck in the kernel
// with interrupts off, and another one stops the machine with the reason. (A machine with one processor has
// nobody to notice.) A virtual processor that its host does not run for that long looks the same.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

/// In the timer interrupt of each processor.
void watch_processors(u64 now);

/// For loops that wait for another processor's answer: stops the machine when that takes too long. `since`:
/// when the wait began, 0 at first.
void watch_wait(u64& since);

}  // namespace litebox::vm
