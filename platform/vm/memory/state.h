// What this folder keeps: one object in struct Machine, which machine().memory points to.
#pragma once

#include "platform/vm/memory/file_cache.h"
#include "platform/vm/memory/frames.h"
#include "platform/vm/memory/kernel_space.h"
#include "platform/vm/memory/space.h"

namespace litebox::vm {

/// Records of spaces: frames cut in pieces, never given back.
struct SpacePool {
    SpinLock lock;
    platform::Space* free = nullptr;
    std::atomic<platform::Space*> made{nullptr};  // all records; the list only grows, at its head
    // Moves of mappings: whoever looks at all spaces may have missed what was under way.
    std::atomic<u64> moves_begun{0}, moves_ended{0};
};

struct MemoryState : Pinned {
    Frames frames;
    KernelSpace kernel;
    SpacePool spaces;
    FileCache files;
};

inline Frames& frames() {
    return memory_state().frames;
}

}  // namespace litebox::vm
