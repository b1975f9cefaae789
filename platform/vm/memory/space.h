// Address spaces of guests. The page table is the only record of what a space maps: entries that are not
// present carry kind, protection and source in the bits that are free then, at the 2 MiB, 1 GiB and 512 GiB
// levels as well (entry.h).
//
// Locking. A space's spin lock guards its tables; it is held for one fault or for a few hundred entries of a
// longer operation. Never under it: TLB shoot-down (it waits for processors that may wait for the lock),
// zeroing and copying of pages, sleeping. A frame is released only after no processor can have a translation
// to it any more; so that no processor reads an old page while another writes its copy, an entry that changes
// its frame is taken out, flushed, and only then set again.
#pragma once

#include <atomic>

#include "core/base/result.h"
#include "platform/platform.h"
#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/memory/physical.h"

namespace litebox::platform {

/// Records lie in memory that is only ever used for records of spaces: a stale pointer may be handed to
/// hold_space, which finds out.
struct Space : Pinned {
    vm::Physical root = 0;  // level-4 table, for CR3
    /// Bit by processor: the space is (or was lately) loaded there, so that shoot_down must reach it. Set
    /// before CR3 is written, cleared after another was.
    std::atomic<u64> active{0};
    std::atomic<u64> cpu_ns{0};
    std::atomic<u64> resident{0};  // frames in the tables
    std::atomic<u32> live{0};      // threads started and not yet gone (task/)

    vm::SpinLock lock;            // the tables
    std::atomic<u32> holders{0};  // 0: not in use
    std::atomic<u32> retired{0};
    Space* next_free = nullptr;
    Space* next_made = nullptr;  // all records that there are
};

}  // namespace litebox::platform

namespace litebox::vm {

using platform::Space;

enum class Access : u8 { read, write, execute };

enum class FaultAnswer : u8 {
    resolved,   // repeat the instruction
    blocked,    // a page of a host file must be read: call page_in, with no lock held
    refused,    // ask the core
    no_memory,  // no frame left: the process has to end
};

/// An empty space, held once. ENOMEM, EAGAIN.
Result<Space*> make_space();
/// A copy of `from`: private memory copy-on-write. `from` may go on faulting meanwhile.
Result<Space*> copy_space(Space& from);
/// Gives all frames back. No processor has it loaded. Called by drop_space, or for a space that never ran.
void destroy_space(Space* space);

/// A space that nobody may end meanwhile (errands of other spaces' threads); false: it has retired.
bool hold_space(Space* space);
/// The last holder destroys it; so it must not be the caller's current space.
void drop_space(Space* space);

/// A ring-3 fault, or one of a user copy. Never sleeps. Interrupts may be on or off; on is better.
FaultAnswer resolve_fault(Space& space, u64 address, Access access);
/// After `blocked`: reads the page. May sleep. EFAULT beyond the file's end, EIO, ENOMEM; also EFAULT where
/// no file is mapped (any more).
Result<void> page_in(Space& space, u64 address);

/// Given by task/: where the calling thread's guest addresses mean something now.
Space& current_space();

/// Where a fault at the instruction `rip` of the kernel continues if it cannot be resolved: 0 if it is no
/// user copy.
u64 user_copy_fix_up(u64 rip);

}  // namespace litebox::vm
