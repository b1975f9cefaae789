#include "platform/vm/memory/kernel_space.h"

#include "platform/vm/memory/kernel_tables.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

constexpr u64 read_only_data =
    Entry::present_bit | Entry::accessed_bit | Entry::dirty_bit | Entry::global_bit | Entry::no_execute_bit;
constexpr u64 data = read_only_data | Entry::writable_bit;
constexpr u64 text = read_only_data & ~Entry::no_execute_bit;
constexpr u64 device = data | Entry::uncached_bit | Entry::through_bit;

/// Maps [physical, +length) at `address` with the largest pages that fit.
Result<void> map_range(Physical root, u64 address, Physical physical, u64 length, u64 flags,
                       unsigned largest) {
    while (length > 0) {
        unsigned level = largest;
        while (level > 1 && (((address | physical) & (span_of(level) - 1)) != 0 || length < span_of(level)))
            level--;
        u64* entry = TRY(kernel_entry(root, address, level));
        *entry = physical | flags | (level > 1 ? Entry::large_bit : 0);
        u64 span = span_of(level);
        address += span, physical += span, length -= span;
    }
    return {};
}

/// All RAM but the image: its code shall not be writable at a second address.
Result<void> map_direct(Physical root, const KernelPlacement& placement) {
    unsigned largest = placement.gigabyte_pages ? 3 : 2;
    Physical image_begin = placement.image_physical;
    Physical image_end = image_begin + (placement.image_end - placement.image_base);
    u64 base = machine_head().direct_base;
    for (const PhysicalRange& range : placement.ram) {
        Physical begin = page_up(range.begin), end = page_down(range.end);
        Physical before = min(end, max(begin, image_begin)), after = max(begin, min(end, image_end));
        if (begin < before) TRY(map_range(root, base + begin, begin, before - begin, data, largest));
        if (after < end && after >= before)
            TRY(map_range(root, base + after, after, end - after, data, largest));
    }
    return {};
}

Result<void> map_image(Physical root, const KernelPlacement& placement) {
    struct Part {
        u64 begin, end, flags;
    } parts[] = {{placement.image_base, placement.text_end, text},
                 {placement.text_end, placement.constants_end, read_only_data},
                 {placement.constants_end, placement.image_end, data}};
    for (const Part& part : parts)
        TRY(map_range(root, part.begin, placement.image_physical + (part.begin - placement.image_base),
                      part.end - part.begin, part.flags, 1));
    return {};
}

}  // namespace

u64* find_kernel_entry(Physical root, u64 address, unsigned level) {
    Physical table = root;
    for (unsigned at = top_level;; at--) {
        u64* entry = &table_at(table)[index_in(address, at)];
        if (at == level) return entry;
        Entry now{*entry};
        if (!now.is_table(at)) return nullptr;
        table = now.frame();
    }
}

Result<u64*> kernel_entry(Physical root, u64 address, unsigned level) {
    Physical table = root;
    for (unsigned at = top_level;; at--) {
        u64* entry = &table_at(table)[index_in(address, at)];
        if (at == level) return entry;
        Entry now{*entry};
        if (now.none()) {
            now = Entry::table(TRY(frames().allocate_zeroed(FrameUse::kernel)), false);
            __atomic_store_n(entry, now.bits, __ATOMIC_RELEASE);
        } else if (!now.is_table(at)) {
            return Errno::eexist;
        }
        table = now.frame();
    }
}

Result<Physical> build_kernel_space(const KernelPlacement& placement) {
    KernelSpace& kernel = memory_state().kernel;
    Physical root = TRY(frames().allocate_zeroed(FrameUse::kernel));
    TRY(map_direct(root, placement));
    TRY(map_image(root, placement));
    // Each window's level-4 entry is there before the first space copies them.
    for (u64 window : {placement.region_base, placement.stacks_base, placement.devices_base})
        (void)TRY(kernel_entry(root, window, top_level - 1));
    kernel.root = root;
    for (const PhysicalRange& range : placement.ram) kernel.ram_end = max(kernel.ram_end, range.end);
    kernel.region = {reinterpret_cast<u8*>(placement.region_base), placement.region_length};
    kernel.stacks_base = placement.stacks_base;
    kernel.devices_base = placement.devices_base;
    return root;
}

Result<volatile u8*> map_device(Physical address, u64 length) {
    KernelSpace& kernel = memory_state().kernel;
    constexpr u64 window = span_of(top_level), highest = u64{1} << 46;
    u64 end = 0;
    if (length == 0 || !checked_add(address, length, &end) || end > highest) return Errno::einval;
    Physical first = page_down(address);
    u64 bytes = page_up(end) - first;
    SpinGuard guard(kernel.lock);
    if (bytes > window - kernel.devices_used) return Errno::enomem;
    u64 base = kernel.devices_base + kernel.devices_used;
    TRY(map_range(kernel.root, base, first, bytes, device, 1));
    kernel.devices_used += bytes;
    return reinterpret_cast<volatile u8*>(base + (address - first));
}

}  // namespace litebox::vm
