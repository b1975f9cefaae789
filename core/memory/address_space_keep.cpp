// Small private memory that a program maps and unmaps again and again keeps its pages: unmapping revokes the
// access, mapping zeroes what is there. Faulting pages in anew would cost a multiple of both.

#include "core/memory/mapping.h"

namespace litebox {

namespace {

constexpr u64 longest_kept = 64 * 1024;
/// How often the same range has to be unmapped before its pages are kept.
constexpr u8 repeats_before_keeping = 2;
constexpr u8 read_write = platform::prot_read | platform::prot_write;

bool plain_memory(const Mapping& mapping) {
    return mapping.anonymous() && !mapping.shared && mapping.protection == read_write && !mapping.stack &&
           !mapping.grows_down && !mapping.locked && !mapping.huge && mapping.name.empty();
}

}  // namespace

/// Before [begin, end) is unmapped: whether its pages are to be kept, and where that is noted.
AddressSpace::KeptRange* AddressSpace::worth_keeping(u64 begin, u64 end) {
    const Mapping* mapping = end - begin <= longest_kept ? find(begin) : nullptr;
    if (mapping == nullptr || mapping->end < end || !plain_memory(*mapping)) return nullptr;
    for (KeptRange& range : kept_) {
        if (range.begin != begin || range.end != end) continue;
        if (range.repeats < repeats_before_keeping) range.repeats++;
        return range.repeats == repeats_before_keeping ? &range : nullptr;
    }
    KeptRange& oldest = kept_[kept_turn_++ % kept_count];
    if (oldest.held) (void)platform::unmap(oldest.begin, oldest.end - oldest.begin);
    oldest = {begin, end, 1, false};
    return nullptr;
}

/// Gives a new mapping the pages that were kept at its place. False: there are none.
bool AddressSpace::reuse_kept(const Mapping& mapping) {
    if (!plain_memory(mapping)) return false;
    for (KeptRange& range : kept_) {
        if (!range.held || range.begin != mapping.begin || range.end != mapping.end) continue;
        range.held = false;
        u64 length = range.end - range.begin;
        return platform::protect(range.begin, length, read_write).ok() &&
               platform::zero_out(range.begin, length) == length;
    }
    return false;
}

/// Another mapping has taken the place of what was kept there.
void AddressSpace::forget_kept(u64 begin, u64 end) {
    for (KeptRange& range : kept_)
        if (range.begin < end && begin < range.end) range.held = false;
}

void AddressSpace::drop_kept() {
    for (KeptRange& range : kept_)
        if (std::exchange(range.held, false)) (void)platform::unmap(range.begin, range.end - range.begin);
}

}  // namespace litebox
