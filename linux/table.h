// The table of system calls, built from syscalls.def.
#pragma once

#include "core/base/result.h"
#include "core/base/string.h"

namespace litebox {

class Thread;
namespace arch {
struct RegisterFrame;
}

enum class CallSupport : u8 { full, partial, missing };

struct CallRow {
    /// Null when missing.
    Result<u64> (*invoke)(Thread& thread, const arch::RegisterFrame& frame);
    const char* name;
    const char* room;
    const char* arguments;  // name:type pairs, as syscalls.def explains
    const char* note;       // what is missing, or why
    CallSupport support;
};

inline constexpr u32 call_count = 463;

struct CallTable {
    CallRow rows[call_count];
};
extern const CallTable call_table;

/// Row of a number; null for numbers that Linux 6.1 does not have.
inline const CallRow* call_row(u64 number) {
    if (number >= call_count || call_table.rows[number].name == nullptr) return nullptr;
    return &call_table.rows[number];
}

}  // namespace litebox
