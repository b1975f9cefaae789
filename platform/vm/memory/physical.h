// Physical memory, and where it shows in the kernel's half: all of it at direct_base, a random address.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

using Physical = u64;

/// [begin, end) in bytes.
struct PhysicalRange {
    Physical begin, end;
    [[nodiscard]] u64 length() const { return end - begin; }
};

struct MemoryState;

/// What struct Machine begins with: all that this folder knows of it.
struct MachineHead {
    u64 direct_base = 0;
    MemoryState* memory = nullptr;
};

#ifdef LITEBOX_FREESTANDING
/// Found through the thread block's platform_word (offset 48).
inline MachineHead& machine_head() {
    MachineHead* head;
    asm("mov %%gs:48, %0" : "=r"(head));
    return *head;
}
#else
/// Unit tests: physical memory is a buffer, and direct_base where it begins.
inline MachineHead hosted_machine;
inline MachineHead& machine_head() {
    return hosted_machine;
}
#endif

inline MemoryState& memory_state() {
    return *machine_head().memory;
}

inline void* direct(Physical address) {
    return reinterpret_cast<void*>(machine_head().direct_base + address);
}
/// Of an address in the direct map.
inline Physical physical_of(const void* address) {
    return reinterpret_cast<u64>(address) - machine_head().direct_base;
}

}  // namespace litebox::vm
