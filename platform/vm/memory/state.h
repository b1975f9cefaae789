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
