// What a reading of the clock needs, as a platform keeps it for its own readings and for those of the guest's
// vDSO.
#pragma once

#include <atomic>

#include "core/base/types.h"

namespace litebox::platform {

/// monotonic = base_monotonic + (counter - base_counter) * rate / 2^32, as long as the counter is at most
/// valid_ticks past base_counter. All zeros: no counter can be read, every reading is a system call. Read it
/// between two equal, even values of `sequence`.
struct ClockData {
    std::atomic<u32> sequence{0};  // odd while it is changed
    std::atomic<u64> base_counter{0}, base_monotonic{0};
    std::atomic<u64> rate{0};         // nanoseconds per tick, times 2^32
    std::atomic<u64> valid_ticks{0};  // past base_counter; then a new measurement is due
    std::atomic<u64> realtime_offset{0}, boottime_offset{0};  // to add to the monotonic time
    /// Where guest code may jump instead of `syscall`, with rcx = the address behind that instruction; 0:
    /// nowhere.
    std::atomic<u64> entry{0};
};

}  // namespace litebox::platform
