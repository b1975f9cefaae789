// struct rusage (getrusage(2)).
#pragma once

#include "core/task/process.h"
#include "linux/time_abi.h"

namespace litebox {

struct AbiRusage {
    AbiTimeval user, system;
    i64 max_resident, shared, data, stack, minor_faults, major_faults, swaps, blocks_in, blocks_out,
        messages_sent, messages_received, signals, voluntary_switches, involuntary_switches;
};
static_assert(sizeof(AbiRusage) == 144);

inline AbiRusage to_abi(const ResourceUsage& usage) {
    AbiRusage abi{};
    abi.user = to_timeval(usage.user_ns);
    abi.system = to_timeval(usage.system_ns);
    abi.max_resident = static_cast<i64>(usage.max_resident_kib);
    abi.minor_faults = static_cast<i64>(usage.minor_faults);
    abi.major_faults = static_cast<i64>(usage.major_faults);
    abi.blocks_in = static_cast<i64>(usage.blocks_in);
    abi.blocks_out = static_cast<i64>(usage.blocks_out);
    abi.voluntary_switches = static_cast<i64>(usage.voluntary_switches);
    abi.involuntary_switches = static_cast<i64>(usage.involuntary_switches);
    return abi;
}

}  // namespace litebox
