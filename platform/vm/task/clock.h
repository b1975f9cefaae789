// The clock: the time stamp counter, whose rate the hypervisor, the processor or the command tells.
#pragma once

#include "platform/platform.h"

namespace litebox::vm {

struct ClockState {
    platform::ClockData own;              // until the core shares a page
    platform::ClockData* data = nullptr;  // what is read and published
    u64 counter_hz = 0;
};

/// Finds the counter's rate; the monotonic time begins now, at a minute. `told_hz`: what the command says, 0
/// if nothing. False: nobody knows the rate.
bool start_clock(u64 told_hz);
/// The wall clock, from now on.
void set_realtime(u64 realtime_ns);
/// The counter's value at a moment of the monotonic clock.
u64 counter_at(u64 monotonic_ns);

}  // namespace litebox::vm
