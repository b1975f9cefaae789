// The time stamp counter, and the fixed-point arithmetic that makes nanoseconds of its ticks.
#pragma once

#include "core/base/types.h"

namespace litebox::arch {

inline u64 read_counter() {
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return u64{high} << 32 | low;
}

/// ticks * multiplier / 2^32.
inline u64 scaled(u64 ticks, u64 multiplier) {
    return static_cast<u64>((static_cast<unsigned __int128>(ticks) * multiplier) >> 32);
}

/// value * 2^32 / divisor; the quotient must fit, else it is all ones.
inline u64 divided(u64 value, u64 divisor) {
    u64 low = value << 32, high = value >> 32, quotient = 0;
    if (high >= divisor) return ~u64{0};
    asm("div %3" : "=a"(quotient), "+d"(high) : "0"(low), "r"(divisor) : "cc");
    return quotient;
}

}  // namespace litebox::arch
