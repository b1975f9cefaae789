// Kernel stacks: a window cut into slots, in each of which only the upper end is mapped.

#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/memory/kernel_tables.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

constexpr u64 stack_pages = kernel_stack_size / page_size;
constexpr u64 stack_page = Entry::present_bit | Entry::writable_bit | Entry::accessed_bit | Entry::dirty_bit |
                           Entry::global_bit | Entry::no_execute_bit;
/// So many freed stacks keep their frames for the next threads.
constexpr u32 most_kept = 16;
constexpr u32 most_slots = static_cast<u32>(span_of(top_level) / kernel_stack_slot);
static_assert(kernel_stack_size < kernel_stack_slot);

u64 slot_begin(const KernelSpace& kernel, u32 slot) {
    return kernel.stacks_base + u64{slot} * kernel_stack_slot;
}
u64 stack_begin(u64 slot) {
    return slot + kernel_stack_slot - kernel_stack_size;
}

/// Lists of slots are linked through the entry of each one's first page, which is never present.
u64 take_from(KernelSpace& kernel, u64& list) {
    u64 slot = list;
    u64* link = find_kernel_entry(kernel.root, slot, 1);
    list = *link == 0 ? 0 : slot_begin(kernel, static_cast<u32>(*link >> page_shift) - 1);
    *link = 0;
    return slot;
}

void put_into(KernelSpace& kernel, u64& list, u64 slot) {
    u64 next = list == 0 ? 0 : (list - kernel.stacks_base) / kernel_stack_slot + 1;
    *find_kernel_entry(kernel.root, slot, 1) = next << page_shift;
    list = slot;
}

/// A slot without frames.
Result<u64> take_slot(KernelSpace& kernel) {
    if (kernel.free_slots != 0) return take_from(kernel, kernel.free_slots);
    if (kernel.stack_slots_used == most_slots) return Errno::eagain;
    u64 slot = slot_begin(kernel, kernel.stack_slots_used);
    (void)TRY(kernel_entry(kernel.root, slot, 1));
    kernel.stack_slots_used++;
    return slot;
}

/// Takes `count` frames out of the slot's stack and out of every processor's sight.
void unmap_stack(KernelSpace& kernel, u64 stack, u64 count) {
    Physical taken[stack_pages];
    {
        SpinGuard guard(kernel.stacks_lock);
        u64* entries = find_kernel_entry(kernel.root, stack, 1);
        for (u64 i = 0; i < count; i++) {
            taken[i] = Entry{entries[i]}.frame();
            entries[i] = 0;
        }
    }
    shoot_down_kernel(stack, stack + count * page_size);
    for (u64 i = 0; i < count; i++) frames().release(taken[i]);
    SpinGuard guard(kernel.stacks_lock);
    put_into(kernel, kernel.free_slots, stack & ~(kernel_stack_slot - 1));
}

}  // namespace

Result<u8*> allocate_stack() {
    KernelSpace& kernel = memory_state().kernel;
    u64 stack = 0, mapped = 0;
    {
        SpinGuard guard(kernel.stacks_lock);
        if (kernel.kept_slots != 0) {
            kernel.kept_count--;
            return reinterpret_cast<u8*>(stack_begin(take_from(kernel, kernel.kept_slots)));
        }
        stack = stack_begin(TRY(take_slot(kernel)));
        u64* entries = find_kernel_entry(kernel.root, stack, 1);
        for (; mapped < stack_pages; mapped++) {
            auto frame = frames().allocate_zeroed(FrameUse::table);
            if (!frame.ok()) break;
            entries[mapped] = frame.value() | stack_page;
        }
    }
    if (mapped == stack_pages) return reinterpret_cast<u8*>(stack);
    unmap_stack(kernel, stack, mapped);
    return Errno::enomem;
}

void free_stack(u8* lowest) {
    KernelSpace& kernel = memory_state().kernel;
    u64 stack = reinterpret_cast<u64>(lowest);
    {
        SpinGuard guard(kernel.stacks_lock);
        if (kernel.kept_count < most_kept) {
            put_into(kernel, kernel.kept_slots, stack & ~(kernel_stack_slot - 1));
            kernel.kept_count++;
            return;
        }
    }
    unmap_stack(kernel, stack, stack_pages);
}

}  // namespace litebox::vm
