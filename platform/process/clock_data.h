// What a reading needs. The guest's vDSO reads the same page.
#pragma once

#include <atomic>

#include "core/base/types.h"

namespace litebox::process {

struct ClockData {
    std::atomic<u32> sequence{0};  // odd while it is changed
    std::atomic<u64> base_counter{0}, base_monotonic{0};
    std::atomic<u64> rate{0};         // nanoseconds per tick, times 2^32
    std::atomic<u64> valid_ticks{0};  // past base_counter; then a new measurement is due
    std::atomic<u64> realtime_offset{0}, boottime_offset{0};  // to add to the monotonic time
};

}  // namespace litebox::process
