// The XSAVE area in the standard format, as signal frames on Linux carry it (asm/sigcontext.h, Intel SDM vol.
// 1 ch. 13).
#pragma once

#include "core/base/types.h"

namespace litebox::arch {

inline constexpr usize legacy_area_size = 512, xsave_header_size = 64;
inline constexpr usize software_bytes_offset = 464;  // struct _fpx_sw_bytes in the legacy area
inline constexpr u32 xstate_magic1 = 0x46505853, xstate_magic2 = 0x46505845;
inline constexpr u32 mxcsr_mask = 0xffff;

struct SoftwareBytes {
    u32 magic1;
    u32 extended_size;  // with the trailing magic2
    u64 features;
    u32 xstate_size;
    u32 padding[7];
};
static_assert(sizeof(SoftwareBytes) == 48);

/// XCR0: the state components that the operating system enabled.
inline u64 enabled_features() {
    u32 low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return u64{high} << 32 | low;
}

/// Completes an area that XSAVE has written: `size` is that of the area with the trailing magic.
void mark_signal_area(u8* area, usize size, u64 features);

/// Makes an area from the guest safe to restore: reserved header bytes and MXCSR bits cleared, features
/// masked. An area without the magic words counts as legacy state only (then the rest of the area is
/// initialised).
void sanitise_signal_area(u8* area, usize size, u64 features);

}  // namespace litebox::arch
