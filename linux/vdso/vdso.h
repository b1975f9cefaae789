// Our own vDSO: a small shared object in each guest's address space that reads the clock without a system
// call.
#pragma once

#include "core/memory/address_space.h"

namespace litebox {

/// Builds the memory that all address spaces map; called once at boot.
Result<void> create_vdso();
/// Maps image and data; returns the image's address for AT_SYSINFO_EHDR.
Result<u64> map_vdso(AddressSpace& space);
/// Real time as guests see it: the host's plus `ns` (clock_settime).
void adjust_realtime(i64 ns);

}  // namespace litebox
