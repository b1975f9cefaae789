// Our own vDSO in a guest's address space.
#pragma once

#include "core/memory/address_space.h"

namespace litebox {

/// Maps the clock data page and the image behind it; returns the image's address for AT_SYSINFO_EHDR, 0 where
/// there is none.
Result<u64> map_vdso(AddressSpace& space);

}  // namespace litebox
