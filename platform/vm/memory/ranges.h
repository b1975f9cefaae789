// Operations on ranges of a space's pages, in pieces: the space's lock is held for a few hundred entries at a
// time. Addresses are page-aligned and lie in the guest's part. ENOMEM leaves a part of the range done.
#pragma once

#include "core/base/result.h"
#include "platform/vm/memory/entry.h"
#include "platform/vm/memory/space.h"

namespace litebox::vm {

/// Empties [begin, end).
Result<void> clear_range(Space& space, u64 begin, u64 end);
/// Puts `first` (not present) at `begin`, and what follows from it behind. Whatever was there goes.
Result<void> fill_range(Space& space, u64 begin, u64 end, Entry first);
/// Empty entries stay empty.
Result<void> protect_range(Space& space, u64 begin, u64 end, u8 protection);
/// Private anonymous pages become zeros.
Result<void> discard_range(Space& space, u64 begin, u64 end);
/// Large pages are wanted (or not) for what has no pages yet.
Result<void> mark_huge(Space& space, u64 begin, u64 end, bool wanted);
/// Moves `length` bytes of pages; empties the target first.
Result<void> move_range(Space& space, u64 from, u64 to, u64 length);
/// Shows frames of the page region at once.
Result<void> show_region(Space& space, u64 begin, u64 end, u64 first_page, u8 protection, bool shared);
/// Copies all of the lower half into `to`, in which nothing runs yet.
Result<void> copy_range(Space& from, Space& to, u64 begin, u64 end);

}  // namespace litebox::vm
