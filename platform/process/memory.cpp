// Guest mappings and the page region: each operation is one host call.

#include "platform/process/host.h"
#include "platform/process/state.h"

namespace litebox::platform {

using namespace process;

namespace {

constexpr u64 advice_of[] = {host::advise_dont_need, host::advise_free, host::advise_huge,
                             host::advise_no_huge, host::advise_populate_write};
/// The filter permits file mappings of less than 4 GiB a call.
constexpr u64 largest_file_mapping = u64{1} << 31;

/// The core has checked what the guest gave; this keeps a mistake of its own out of the windows.
bool in_guest_part(u64 address, u64 length) {
    const SpaceLimits& limits = sandbox().limits;
    u64 end = 0;
    if (!page_aligned(address) || length == 0 || !checked_add(address, length, &end)) return false;
    if (address < limits.lowest || end > limits.end) return false;
    return end <= limits.reserved_begin || address >= limits.reserved_end;
}

Result<void> map_file(u64 address, u64 length, u8 protection, u64 flags, int file, u64 offset) {
    for (u64 done = 0; done < length;) {
        u64 piece = min(length - done, largest_file_mapping);
        TRY(host::map(address + done, piece, protection, flags, file, offset + done));
        done += piece;
    }
    return {};
}

}  // namespace

SpaceLimits space_limits() {
    return sandbox().limits;
}
PageRegion page_region() {
    return sandbox().pages;
}

Result<void> map_anonymous(u64 address, u64 length, u8 protection) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return host::map(address, length, protection,
                     host::map_private | host::map_anonymous | host::map_no_reserve, -1, 0);
}

Result<void> unmap(u64 address, u64 length) {
    return map_anonymous(address, length, prot_none);
}

Result<void> map_pages(u64 address, u64 length, u8 protection, const void* pages, bool shared) {
    SandboxState& state = sandbox();
    u64 source = reinterpret_cast<u64>(pages);
    u64 begin = reinterpret_cast<u64>(state.pages.base);
    if (!in_guest_part(address, length) || source < begin || length > begin + state.pages.length - source)
        return Errno::einval;
    return map_file(address, length, protection, shared ? host::map_shared : host::map_private,
                    state.arena_file, source - state.arena_base);
}

Result<void> map_host_file(u64 address, u64 length, u8 protection, int host_file, u64 offset, bool shared) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return map_file(address, length, protection, shared ? host::map_shared : host::map_private, host_file,
                    offset);
}

Result<void> protect(u64 address, u64 length, u8 protection) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return host::protect(address, length, protection);
}

Result<void> move(u64 from, u64 from_length, u64 to, u64 to_length) {
    if (!in_guest_part(from, from_length) || !in_guest_part(to, to_length)) return Errno::einval;
    constexpr u64 may_move_fixed = 3;
    return host::checked_void(host::call(host::nr_mremap, from, from_length, to_length, may_move_fixed, to));
}

Result<void> advise(u64 address, u64 length, Advice advice) {
    if (!in_guest_part(address, length)) return Errno::einval;
    return host::advise(address, length, advice_of[static_cast<u8>(advice)]);
}

Result<u64> free_pages() {
    return Errno::enosys;
}

/// The host reads pages of files in by itself.
Result<void> page_in(u64 /*address*/) {
    return Errno::efault;
}

/// The host's memory limit ends the sandbox as a whole.
Result<void> commit_pages(void* /*pages*/, u64 /*length*/) {
    return {};
}

void release_pages(void* pages, u64 length) {
    (void)host::advise(reinterpret_cast<u64>(pages), length, host::advise_remove);
}

void populate_pages(void* pages, u64 length) {
    (void)host::advise(reinterpret_cast<u64>(pages), length, host::advise_populate_write);
}

}  // namespace litebox::platform
