// Points in time as evidence knows them: seconds since 1970 in UTC. `now` is always an argument.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attest/base/result.h"

namespace litebox::attest {

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
struct Time {
    int64_t seconds = 0;
    auto operator<=>(const Time&) const = default;
};

/// RFC 3339 in UTC: 2025-06-10T00:00:00Z, also with a fraction of a second (dropped); or a date alone, which
/// means its first second. Dates that do not exist are refused.
Result<Time> parse_time(std::string_view text);
std::string to_string(Time time);
/// The clock of this machine. Only commands call it; the library takes `now` as an argument.
Time system_now();

}  // namespace litebox::attest
