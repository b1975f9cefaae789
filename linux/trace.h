// --trace, --stats and --deny-calls: looks at calls on their way in and out. Only threads with work_notify
// come here.
#pragma once

#include <atomic>

#include "core/base/result.h"

namespace litebox {

class Thread;
namespace arch {
struct RegisterFrame;
}

namespace platform {
struct BootParameters;
}

struct TraceState {
    static constexpr u32 call_limit = 512;
    bool lines = false;  // --trace: a line for each call; else only counts
    std::atomic<u64> counts[call_limit] = {}, errors[call_limit] = {};
};

/// Makes Kernel::trace and marks the first thread (others inherit) if the parameters ask for any of it.
Result<void> start_tracing(const platform::BootParameters& parameters, Thread& thread);
/// At the end of the sandbox: the counts, as report lines "\x01call NUMBER COUNT ERRORS" that the supervisor
/// takes out.
void report_counts();

using CallHandler = Result<u64> (*)(Thread& thread, u64 number, const arch::RegisterFrame& frame);
Result<u64> traced_call(Thread& thread, u64 number, const arch::RegisterFrame& frame, CallHandler handler);

}  // namespace litebox
