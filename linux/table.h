// The table of system calls, built from syscalls.def.
#pragma once

#include "core/base/result.h"
#include "core/base/string.h"

namespace litebox {

class Thread;

enum class CallSupport : u8 { full, partial, missing };

struct CallRow {
    Result<u64> (*invoke)(Thread& thread, const u64* raw);  // null when missing
    const char* name;
    const char* room;
    const char* arguments;  // name:type pairs, as syscalls.def explains
    const char* note;       // what is missing, or why
    CallSupport support;
};

inline constexpr u32 call_count = 463;
/// Row of a number; null for numbers that Linux 6.1 does not have.
const CallRow* call_row(u64 number);

}  // namespace litebox
