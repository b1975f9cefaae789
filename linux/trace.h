// --trace, --stats and --deny-calls: looks at calls on their way in and out. Only threads with work_notify
// come here.
#pragma once

#include "core/base/result.h"

namespace litebox {

class Thread;

using CallHandler = Result<u64> (*)(Thread& thread, u64 number, const u64* arguments);
Result<u64> traced_call(Thread& thread, u64 number, const u64* arguments, CallHandler handler);

}  // namespace litebox
