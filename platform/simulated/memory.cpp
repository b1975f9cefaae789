// South: guest mappings, guest memory, the page region.
#include "platform/simulated/machine.h"

#include <sys/mman.h>

#include <cstring>

namespace litebox::platform {

using namespace simulated;
using Range = GuestMemory::Range;

namespace {

bool in_guest_part(u64 address, u64 length) {
    u64 end = 0;
    if (!page_aligned(address) || !page_aligned(length) || length == 0 || !checked_add(address, length, &end))
        return false;
    const SpaceLimits limits = space_limits();
    return address >= limits.lowest && end <= limits.end &&
           (end <= limits.reserved_begin || address >= limits.reserved_end);
}

/// What every mapping operation begins with.
Result<void> begin(Operation operation, u64 address, u64 length) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return machine().begin(operation);
}

GuestMemory& memory() {
    return this_thread().space->memory;
}

/// How many of `length` bytes lie in the guest's part.
usize guest_part(u64 address, usize length) {
    const SpaceLimits limits = space_limits();
    if (address < limits.lowest || address >= limits.end) return 0;
    u64 end = limits.end;
    if (address < limits.reserved_end) {
        if (address >= limits.reserved_begin) return 0;
        end = limits.reserved_begin;
    }
    return std::min<u64>(length, end - address);
}

}  // namespace

SpaceLimits space_limits() {
    // A hole in the middle, as where the process platform keeps itself.
    return {0x10000, 0x7ffffffff000, 0x100000000000, 0x110000000000};
}

PageRegion page_region() {
    return machine().region();
}

Result<u64> free_pages() {
    return Errno::enosys;
}

Result<void> page_in(u64 /*address*/) {
    return Errno::efault;
}

Result<void> commit_pages(void* /*pages*/, u64 /*length*/) {
    return machine().begin(Operation::commit_pages);
}

void release_pages(void* pages, u64 length) {
    machine().pass_point();
    (void)madvise(pages, length, MADV_DONTNEED);
}

void populate_pages(void*, u64) {}
void text_mapped(u64) {}

Result<void> map_anonymous(u64 address, u64 length, u8 protection) {
    TRY(begin(Operation::map_anonymous, address, length));
    Range range;
    range.protection = protection;
    memory().map(address, length, range);
    return {};
}

Result<void> map_pages(u64 address, u64 length, u8 protection, const void* pages, bool shared) {
    TRY(begin(Operation::map_pages, address, length));
    PageRegion region = page_region();
    u64 source = reinterpret_cast<u64>(pages), first = reinterpret_cast<u64>(region.base);
    if (source < first || source - first > region.length || length > region.length - (source - first))
        return Errno::einval;
    Range range;
    range.protection = protection;
    range.source = Range::Source::pages;
    range.pages = static_cast<u8*>(const_cast<void*>(pages));
    range.shared = shared;
    memory().map(address, length, range);
    return {};
}

Result<void> map_host_file(u64 address, u64 length, u8 protection, int host_file, u64 offset, bool shared) {
    TRY(begin(Operation::map_host_file, address, length));
    Range range;
    range.protection = protection;
    range.source = Range::Source::file;
    range.tree = &machine().files();
    range.file = range.tree->file_of(host_file);
    if (range.file == nullptr) return Errno::ebadf;
    range.offset = offset;
    range.shared = shared;
    memory().map(address, length, range);
    return {};
}

Result<void> unmap(u64 address, u64 length) {
    TRY(begin(Operation::unmap, address, length));
    memory().unmap(address, length);
    return {};
}

Result<void> protect(u64 address, u64 length, u8 protection) {
    TRY(begin(Operation::protect, address, length));
    // What the core never mapped (holes of objects) stays inaccessible.
    (void)memory().protect(address, length, protection);
    return {};
}

Result<void> move(u64 from, u64 from_length, u64 to, u64 to_length) {
    TRY(begin(Operation::move, from, from_length));
    if (!in_guest_part(to, to_length)) return Errno::einval;
    memory().move(from, from_length, to, to_length);
    return {};
}

Result<void> advise(u64 address, u64 length, Advice advice) {
    TRY(begin(Operation::advise, address, length));
    if (advice == Advice::dont_need || advice == Advice::free) memory().drop(address, length);
    if (advice == Advice::populate_write) memory().populate(address, length);
    return {};
}

usize copy_in(void* to, u64 from, usize length) {
    if (!machine().begin(Operation::copy_in).ok()) return 0;
    usize done = 0;
    return memory().access(from, guest_part(from, length), false, [&](u8* bytes, usize part) {
        copy_shared(static_cast<u8*>(to) + done, bytes, part);
        done += part;
        return true;
    });
}

usize copy_out(u64 to, const void* from, usize length) {
    if (!machine().begin(Operation::copy_out).ok()) return 0;
    usize done = 0;
    return memory().access(to, guest_part(to, length), true, [&](u8* bytes, usize part) {
        copy_shared(bytes, static_cast<const u8*>(from) + done, part);
        done += part;
        return true;
    });
}

usize zero_out(u64 to, usize length) {
    if (!machine().begin(Operation::zero_out).ok()) return 0;
    static constexpr u8 zeros[page_size] = {};
    return memory().access(to, guest_part(to, length), true, [&](u8* bytes, usize part) {
        copy_shared(bytes, zeros, part);
        return true;
    });
}

isize copy_in_string(char* to, u64 from, usize limit) {
    if (!machine().begin(Operation::copy_in_string).ok()) return -1;
    usize done = 0;
    bool ended = false;
    usize part = guest_part(from, limit);
    usize read = memory().access(from, part, false, [&](u8* bytes, usize length) {
        for (usize i = 0; i < length && !ended; i++) {
            u8 byte = 0;
            copy_shared(&byte, bytes + i, 1);
            to[done] = static_cast<char>(byte);
            if (byte == 0)
                ended = true;
            else
                done++;
        }
        return !ended;
    });
    if (ended) return static_cast<isize>(done);
    return read < limit ? -1 : static_cast<isize>(limit);
}

Result<u32> load_word(u64 address) {
    TRY(machine().begin(Operation::load_word));
    u32 value = 0;
    usize done = memory().access(address, guest_part(address, 4), false, [&](u8* bytes, usize part) {
        if (part != 4) return false;
        value = __atomic_load_n(reinterpret_cast<u32*>(bytes), __ATOMIC_SEQ_CST);
        return true;
    });
    if (done != 4) return Errno::efault;
    return value;
}

Result<u32> compare_exchange_word(u64 address, u32 expected, u32 desired) {
    TRY(machine().begin(Operation::compare_exchange_word));
    usize done = memory().access(address, guest_part(address, 4), true, [&](u8* bytes, usize part) {
        if (part != 4) return false;
        __atomic_compare_exchange_n(reinterpret_cast<u32*>(bytes), &expected, desired, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return true;
    });
    if (done != 4) return Errno::efault;
    return expected;
}

}  // namespace litebox::platform
