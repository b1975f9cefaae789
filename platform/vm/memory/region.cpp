// The page region: the core's memory. An entry of its tables is empty (no frame), noted (a frame is promised
// and comes with the first touch), or present.

#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/memory/kernel_tables.h"
#include "platform/vm/memory/pages.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

constexpr u64 region_page =
    Entry::present_bit | Entry::writable_bit | Entry::accessed_bit | Entry::dirty_bit | Entry::no_execute_bit;
constexpr Entry promised =
    Entry::absent(Kind::anonymous, platform::prot_read | platform::prot_write, 0, false);

bool in_region(u64 address, u64 length) {
    const platform::PageRegion& region = memory_state().kernel.region;
    u64 begin = reinterpret_cast<u64>(region.base);
    return address >= begin && address - begin < region.length && length <= region.length - (address - begin);
}

/// End of the piece that begins at `address` and lies in one table.
u64 piece_end(u64 address, u64 end) {
    return min(end, (address | (span_of(2) - 1)) + 1);
}

/// The frame of a page of the region, made if it has none. Under the kernel's lock.
Result<Physical> frame_of(KernelSpace& kernel, u64 address, bool zeroed) {
    u64* entry = TRY(kernel_entry(kernel.root, address, 1));
    Entry now{*entry};
    if (now.present()) return now.frame();
    Physical frame =
        now == promised ? frames().take_promised(zeroed) : TRY(frames().allocate_zeroed(FrameUse::kernel));
    __atomic_store_n(entry, frame | region_page, __ATOMIC_RELEASE);
    return frame;
}

/// Promises frames for the empty entries of [begin, end), in one table.
Result<void> commit_piece(KernelSpace& kernel, u64 begin, u64 end) {
    SpinGuard guard(kernel.lock);
    u64* first = TRY(kernel_entry(kernel.root, begin, 1));
    u64 count = (end - begin) / page_size, empty = 0;
    for (u64 i = 0; i < count; i++) empty += first[i] == 0 ? 1 : 0;
    if (empty == 0) return {};
    TRY(frames().promise(empty));
    for (u64 i = 0; i < count; i++)
        if (first[i] == 0) first[i] = promised.bits;
    return {};
}

/// Takes back what was promised and not used.
void withdraw_piece(KernelSpace& kernel, u64 begin, u64 end) {
    SpinGuard guard(kernel.lock);
    u64* first = find_kernel_entry(kernel.root, begin, 1);
    if (first == nullptr) return;
    u64 taken = 0;
    for (u64 i = 0; i < (end - begin) / page_size; i++) {
        if (first[i] != promised.bits) continue;
        first[i] = 0;
        taken++;
    }
    frames().withdraw(taken);
}

/// Gives the frames of up to `most` pages back; returns where it stopped.
u64 release_piece(KernelSpace& kernel, u64 begin, u64 end) {
    constexpr usize most = 64;
    Physical taken[most];
    usize count = 0;
    u64 at = begin;
    {
        SpinGuard guard(kernel.lock);
        u64* first = find_kernel_entry(kernel.root, begin, 1);
        if (first == nullptr) return end;
        for (; at < end && count < most; at += page_size) {
            u64& entry = first[(at - begin) / page_size];
            if (Entry{entry}.present()) taken[count++] = Entry{entry}.frame();
            if (entry == promised.bits) frames().withdraw(1);
            entry = 0;
        }
    }
    if (count > 0) shoot_down_kernel(begin, at);
    for (usize i = 0; i < count; i++) frames().release(taken[i]);
    return at;
}

}  // namespace

bool resolve_kernel_fault(u64 address, bool /*write*/) {
    if (!in_region(address, 1)) return false;
    KernelSpace& kernel = memory_state().kernel;
    SpinGuard guard(kernel.lock);
    return frame_of(kernel, page_down(address), true).ok();
}

Result<Physical> region_frame(u64 page_number, bool zeroed) {
    KernelSpace& kernel = memory_state().kernel;
    u64 offset = page_number * page_size;
    if (offset >= kernel.region.length) return Errno::efault;
    SpinGuard guard(kernel.lock);
    Physical frame = TRY(frame_of(kernel, reinterpret_cast<u64>(kernel.region.base) + offset, zeroed));
    frames().retain(frame);
    return frame;
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

PageRegion page_region() {
    return memory_state().kernel.region;
}

Result<void> commit_pages(void* pages, u64 length) {
    u64 begin = reinterpret_cast<u64>(pages), end = begin + length;
    if (!in_region(begin, length)) return Errno::einval;
    KernelSpace& kernel = memory_state().kernel;
    for (u64 at = begin; at < end; at = piece_end(at, end)) {
        auto committed = commit_piece(kernel, at, piece_end(at, end));
        if (committed.ok()) continue;
        for (u64 back = begin; back < at; back = piece_end(back, at))
            withdraw_piece(kernel, back, piece_end(back, at));
        return committed;
    }
    return {};
}

void release_pages(void* pages, u64 length) {
    u64 begin = reinterpret_cast<u64>(pages), end = begin + length;
    if (!in_region(begin, length)) return;
    KernelSpace& kernel = memory_state().kernel;
    for (u64 at = begin; at < end;) at = release_piece(kernel, at, piece_end(at, end));
}

/// Frames come one by one, as they are touched: that costs little here, and small machines have none to
/// spare.
void populate_pages(void* /*pages*/, u64 /*length*/) {}

}  // namespace litebox::platform
