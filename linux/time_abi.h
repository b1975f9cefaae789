// Time structures of the ABI, and their checks.
#pragma once

#include "core/base/result.h"

namespace litebox {

struct AbiTimespec {
    i64 seconds, nanoseconds;
};
struct AbiTimeval {
    i64 seconds, microseconds;
};
struct AbiItimerval {
    AbiTimeval interval, value;
};
struct AbiItimerspec {
    AbiTimespec interval, value;
};

inline constexpr u64 ns_per_second = 1'000'000'000, ns_per_microsecond = 1000;

/// EINVAL for negative seconds or a fraction out of range; times beyond the counter's range saturate.
inline Result<u64> to_ns(const AbiTimespec& time) {
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= static_cast<i64>(ns_per_second))
        return Errno::einval;
    u64 ns;
    if (!checked_mul<u64>(static_cast<u64>(time.seconds), ns_per_second, &ns) ||
        !checked_add<u64>(ns, static_cast<u64>(time.nanoseconds), &ns))
        return ~u64{0} >> 1;
    return min(ns, ~u64{0} >> 1);
}
inline Result<u64> to_ns(const AbiTimeval& time) {
    if (time.microseconds < 0 || time.microseconds >= 1'000'000) return Errno::einval;
    return to_ns(AbiTimespec{time.seconds, time.microseconds * static_cast<i64>(ns_per_microsecond)});
}
inline AbiTimespec to_timespec(u64 ns) {
    return {static_cast<i64>(ns / ns_per_second), static_cast<i64>(ns % ns_per_second)};
}
inline AbiTimeval to_timeval(u64 ns) {
    return {static_cast<i64>(ns / ns_per_second), static_cast<i64>(ns % ns_per_second / ns_per_microsecond)};
}

}  // namespace litebox
