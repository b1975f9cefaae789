// Tables of the kernel's half.
#pragma once

#include "core/base/result.h"
#include "platform/vm/memory/entry.h"

namespace litebox::vm {

/// The entry of `level` for a kernel address; tables on the way are made as needed. Under the lock that
/// guards the window, or at boot. ENOMEM.
Result<u64*> kernel_entry(Physical root, u64 address, unsigned level);
/// The same without making anything: null where a table is missing.
u64* find_kernel_entry(Physical root, u64 address, unsigned level);

}  // namespace litebox::vm
