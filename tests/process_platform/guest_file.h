#pragma once

#include "core/base/types.h"

namespace litebox {

/// The guest's ELF file in memory, and its arguments.
struct GuestFile {
    u64 address, length;
    u32 argument_count;
    const char* arguments[8];
};

}  // namespace litebox
