#include "linux/trace.h"

#include "linux/table.h"

namespace litebox {

Result<u64> traced_call(Thread& thread, u64 number, const u64* arguments, CallHandler handler) {
    return handler(thread, number, arguments);
}

}  // namespace litebox
