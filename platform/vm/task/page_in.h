// What a page fault may have to wait for: the host's answer, memory, the write-back of what was changed.
#pragma once

#include "core/base/result.h"
#include "platform/vm/memory/space.h"

namespace litebox::vm {

/// A fault of the guest, or one at which a user copy stopped: afterwards the access can be repeated. May
/// sleep. EFAULT: nothing to bring, ask the core. ENOMEM: there is no memory, also not after a while.
Result<void> bring_page(platform::Space& space, u64 address, Access access);

/// After a write of the guest that faulted: what mappings of host files have changed is written back every
/// few seconds from now on, and at once where it takes too much of the memory. May sleep.
void limit_changed_pages();

}  // namespace litebox::vm
