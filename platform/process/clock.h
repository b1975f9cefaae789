// The sandbox's clock: the processor's time stamp counter, kept in step with the host's clocks.
#pragma once

#include <atomic>

#include "platform/clock_data.h"

namespace litebox::process {

struct SandboxState;
struct ClockState {
    std::atomic<platform::ClockData*> data{nullptr};
    bool counter_usable = false;
    std::atomic<u32> busy{0};  // somebody measures
    u64 last_counter = 0, last_monotonic = 0;
};

/// Takes the first measurement. `counter_usable`: the time stamp counter runs at one rate on all processors.
/// `counter` and `counter_ns` are one measurement from before, if there is one.
void start_clock(SandboxState& state, platform::ClockData* data, bool counter_usable, u64 counter,
                 u64 counter_ns);

}  // namespace litebox::process
