// Patching of guest code: after some traps of system calls in a part of a file that part is patched, for this
// process and from a cache for all others.
#pragma once

#include "arch/x86_64/registers.h"
#include "core/base/lock.h"

namespace litebox::process {

struct TextVersion;

struct PatchState {
    Mutex mutex{LockRank::leaf};
    u64 next = 0, end = 0;  // of the arena's part for text: taken from the beginning, never given back
    u8* scratch = nullptr;
    u32 magic = 0;  // of trampoline notes
    TextVersion* versions = nullptr;
    std::atomic<u32> any_versions{0};
    std::atomic<u32> traps{0};  // so far, in all processes
};

/// The guest trapped at the `syscall` instruction at `site`.
void patch_site(u64 site);

/// An instruction pointer inside a trampoline becomes that of the instruction it stands for.
void leave_trampoline(arch::RegisterFrame& frame);

/// After a breakpoint: where it stands in for a replaced instruction, goes on at that instruction's new
/// place.
bool enter_trampoline(arch::RegisterFrame& frame);

}  // namespace litebox::process
