// The sandbox's clock: the processor's time stamp counter, kept in step with the host's clocks.
#pragma once

#include <atomic>

#include "core/base/types.h"

namespace litebox::process {

struct SandboxState;
struct ClockData;

struct ClockState {
    ClockData* data = nullptr;  // a page that guests can read
    bool counter_usable = false;
    std::atomic<u32> busy{0};  // somebody measures
    u64 last_counter = 0, last_monotonic = 0;
};

/// Takes the first measurement. `counter_usable`: the time stamp counter runs at one rate on all processors.
void start_clock(SandboxState& state, ClockData* data, bool counter_usable);

}  // namespace litebox::process
