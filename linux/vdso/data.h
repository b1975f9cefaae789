// The page that our vDSO reads; it lies behind the image. The kernel of the library OS writes it, guests only
// read.
#pragma once

#include "platform/clock_data.h"

namespace litebox {

struct VdsoData {
    platform::ClockData clock;                   // kept by the platform
    std::atomic<i64> realtime_adjustment_ns{0};  // what clock_settime added to the host's real time
};

}  // namespace litebox
