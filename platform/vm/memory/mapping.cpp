// South: mappings of the calling thread's space.

#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/ranges.h"
#include "platform/vm/memory/state.h"

namespace litebox::platform {

using namespace vm;

namespace {

constexpr u64 lowest_address = 0x10000, end_of_guest = 0x7ffffffff000;

/// The core has checked what the guest gave; this keeps a mistake of its own out of the kernel's half.
bool in_guest_part(u64 address, u64 length) {
    u64 end = 0;
    if (!page_aligned(address) || !page_aligned(length) || length == 0 || !checked_add(address, length, &end))
        return false;
    return address >= lowest_address && end <= end_of_guest;
}

Result<void> populate(Space& space, u64 begin, u64 end) {
    for (u64 at = begin; at < end; at += page_size) {
        FaultAnswer answer = resolve_fault(space, at, Access::write);
        if (answer == FaultAnswer::no_memory) return Errno::enomem;
        if (answer != FaultAnswer::resolved) return Errno::efault;
    }
    return {};
}

}  // namespace

SpaceLimits space_limits() {
    return {lowest_address, end_of_guest, end_of_guest, end_of_guest};
}

Result<void> map_anonymous(u64 address, u64 length, u8 protection) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return fill_range(current_space(), address, address + length,
                      Entry::absent(Kind::anonymous, protection, 0, false));
}

Result<void> map_pages(u64 address, u64 length, u8 protection, const void* pages, bool shared) {
    PageRegion region = page_region();
    u64 offset = reinterpret_cast<u64>(pages) - reinterpret_cast<u64>(region.base);
    bool inside = offset < region.length && length <= region.length - offset && page_aligned(offset);
    if (!in_guest_part(address, length) || !inside) return Errno::einval;
    return show_region(current_space(), address, address + length, offset / page_size, protection, shared);
}

Result<void> map_host_file(u64 address, u64 length, u8 protection, int host_file, u64 offset, bool shared) {
    if (!in_guest_part(address, length) || !page_aligned(offset)) return Errno::einval;
    u64 end = 0;
    if (!checked_add(offset, length, &end) || end / page_size > FileSource::most_pages)
        return Errno::eoverflow;
    CachedFile* file = TRY(cached_file_of_slot(host_file));
    FileSource source{file->number, offset / page_size};
    auto mapped = fill_range(current_space(), address, address + length,
                             Entry::absent(Kind::file, protection, source.packed(), shared));
    close_cached_file(*file);
    return mapped;
}

Result<void> unmap(u64 address, u64 length) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return clear_range(current_space(), address, address + length);
}

Result<void> protect(u64 address, u64 length, u8 protection) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return protect_range(current_space(), address, address + length, protection);
}

Result<void> move(u64 from, u64 from_length, u64 to, u64 to_length) {
    if (!in_guest_part(from, from_length) || !in_guest_part(to, to_length)) return Errno::einval;
    if (from < to + to_length && to < from + from_length) return Errno::einval;
    u64 kept = min(from_length, to_length);
    TRY(move_range(current_space(), from, to, kept));
    if (from_length > kept) return unmap(from + kept, from_length - kept);
    return {};
}

Result<void> advise(u64 address, u64 length, Advice advice) {
    if (!in_guest_part(address, length)) return Errno::einval;
    u64 end = address + length;
    switch (advice) {
        case Advice::dont_need:
        case Advice::free:  // at once: the program cannot tell
            return discard_range(current_space(), address, end);
        case Advice::huge_page:
        case Advice::no_huge_page:
            return mark_huge(current_space(), address, end, advice == Advice::huge_page);
        case Advice::populate_write:
            return populate(current_space(), address, end);
    }
    return Errno::einval;
}

u64 resident_pages(Space* space) {
    return space->resident.load(std::memory_order_relaxed);
}

Result<u64> free_pages() {
    return frames().free_frames() - frames().promised_frames();
}

/// The processor runs what the file has: nothing to patch.
void text_mapped(u64 /*address*/) {}

}  // namespace litebox::platform
