// The kernel's half of every space: the upper 256 entries of level 4, the same tables in all of them.
//
//   direct map      all RAM at machine().direct_base, not executable, large pages
//   image           text executable and read-only, constants read-only, data writable, never both
//   page region     the core's memory: frames come when a page is first touched (commit_pages promises them)
//   stacks          kernel stacks, with what lies below each of them unmapped
//   devices         registers, uncached
#pragma once

#include <span>

#include "core/base/result.h"
#include "platform/platform.h"
#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

/// What the start code has decided. The windows (region, stacks, devices) each begin at a multiple of 512 GiB
/// (one level-4 entry) of their own, which nothing else uses.
struct KernelPlacement {
    std::span<const PhysicalRange> ram;  // for the direct map, which stands at machine().direct_base
    u64 image_base;                      // virtual; everything page-aligned
    Physical image_physical;
    u64 text_end, constants_end,
        image_end;                   // virtual: [image_base, text_end) executable, then constants, data
    u64 region_base, region_length;  // at most 512 GiB
    u64 stacks_base;
    u64 devices_base;
    bool gigabyte_pages;  // the processor has 1 GiB pages
};

/// Builds the tables and returns the level-4 table of the first root: its lower half is empty. Frames must
/// have begun, and the frames of the first 4 GiB must already show at direct_base. Keeps what it needs in
/// memory_state().kernel. ENOMEM: the machine has too little memory.
Result<Physical> build_kernel_space(const KernelPlacement& placement);

/// A stack of `kernel_stack_size` bytes; returns its lowest byte. What lies below is not mapped. The contents
/// are unknown.
inline constexpr u64 kernel_stack_size = 32 * 1024;
/// Stacks lie in slots of this size, aligned to it, each at the end of its slot.
inline constexpr u64 kernel_stack_slot = 64 * 1024;
Result<u8*> allocate_stack();
void free_stack(u8* lowest);

/// Registers of a device, uncached; never unmapped. ENOMEM, EINVAL (wraps, or lies in RAM).
Result<volatile u8*> map_device(Physical address, u64 length);

/// A ring-0 page fault at `address`: true where a frame of the page region was missing and is there now.
bool resolve_kernel_fault(u64 address, bool write);

/// Of a page of the page region, with one more reference; its frame is made if it has none, of zeros
/// unless it will be overwritten whole. ENOMEM.
Result<Physical> region_frame(u64 page_number, bool zeroed = true);

struct KernelSpace : Pinned {
    Physical root = 0;
    Physical ram_end = 0;
    platform::PageRegion region{nullptr, 0};
    SpinLock lock;  // tables of the page region and of the devices' window
    u64 devices_base = 0, devices_used = 0;

    SpinLock stacks_lock;
    u64 stacks_base = 0;
    u32 stack_slots_used = 0;
    // Lists of freed slots, by address; 0: none. Those kept still have their frames.
    u64 free_slots = 0, kept_slots = 0;
    u32 kept_count = 0;
};

}  // namespace litebox::vm
