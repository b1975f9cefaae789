// The vector registers, which are always the guest's: saved and restored whole, in XSAVE's standard format.
#pragma once

#include "core/base/types.h"

namespace litebox::process {

/// `area`: 64-byte aligned, of sandbox().xsave_size bytes.
inline void save_vectors(u8* area) {
    auto* header = reinterpret_cast<u64*>(area + 512);
    for (int i = 0; i < 8; i++) header[i] = 0;
    asm volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}
inline void load_vectors(const u8* area) {
    asm volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

}  // namespace litebox::process
