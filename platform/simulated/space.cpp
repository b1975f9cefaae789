#include "platform/simulated/space.h"

#include <cstring>

namespace litebox::simulated {

namespace {

Page& zero_page() {
    static Page page;
    return page;
}

}  // namespace

void copy_shared(void* to, const void* from, usize length) {
#if defined(__SANITIZE_THREAD__) || (defined(__has_feature) && __has_feature(thread_sanitizer))
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
#else
    std::memcpy(to, from, length);
#endif
}

GuestMemory::Ranges::iterator GuestMemory::range_at(u64 address) {
    auto next = ranges_.upper_bound(address);
    if (next == ranges_.begin()) return ranges_.end();
    auto range = std::prev(next);
    return range->second.end > address ? range : ranges_.end();
}

void GuestMemory::split_at(u64 address) {
    auto range = range_at(address);
    if (range == ranges_.end() || range->first == address) return;
    Range high = range->second;
    u64 skipped = address - range->first;
    if (high.pages != nullptr) high.pages += skipped;
    high.offset += skipped;
    range->second.end = address;
    ranges_.emplace(address, std::move(high));
}

void GuestMemory::erase(u64 begin, u64 end) {
    split_at(begin);
    split_at(end);
    ranges_.erase(ranges_.lower_bound(begin), ranges_.lower_bound(end));
    std::erase_if(
        own_, [&](auto& each) { return each.first >= begin / page_size && each.first < end / page_size; });
}

void GuestMemory::map(u64 begin, u64 length, Range range) {
    std::lock_guard guard(mutex_);
    erase(begin, begin + length);
    range.end = begin + length;
    ranges_.emplace(begin, std::move(range));
}

void GuestMemory::unmap(u64 begin, u64 length) {
    std::lock_guard guard(mutex_);
    erase(begin, begin + length);
}

bool GuestMemory::protect(u64 begin, u64 length, u8 protection) {
    std::lock_guard guard(mutex_);
    u64 end = begin + length;
    for (u64 at = begin; at < end;) {
        auto range = range_at(at);
        if (range == ranges_.end()) return false;
        at = range->second.end;
    }
    split_at(begin);
    split_at(end);
    for (auto range = ranges_.lower_bound(begin); range != ranges_.lower_bound(end); ++range)
        range->second.protection = protection;
    return true;
}

void GuestMemory::move(u64 from, u64 from_length, u64 to, u64 to_length) {
    std::lock_guard guard(mutex_);
    u64 kept = std::min(from_length, to_length);
    split_at(from);
    split_at(from + from_length);
    std::vector<std::pair<u64, Range>> moved;
    for (auto range = ranges_.lower_bound(from); range != ranges_.lower_bound(from + from_length); ++range)
        if (range->first < from + kept) moved.emplace_back(range->first, range->second);
    std::vector<std::pair<u64, std::shared_ptr<Page>>> pages;
    for (auto& [page, content] : own_)
        if (page >= from / page_size && page < (from + kept) / page_size)
            pages.emplace_back(page - from / page_size, content);
    erase(from, from + from_length);
    erase(to, to + to_length);
    for (auto& [begin, range] : moved) {
        bool last = range.end >= from + kept;
        range.end = last ? to + to_length : range.end - from + to;
        ranges_.emplace(begin - from + to, range);
    }
    for (auto& [page, content] : pages) own_.emplace(page + to / page_size, std::move(content));
}

void GuestMemory::drop(u64 begin, u64 length) {
    std::lock_guard guard(mutex_);
    u64 first = begin / page_size, last = (begin + length) / page_size;
    std::erase_if(own_, [&](auto& each) { return each.first >= first && each.first < last; });
}

void GuestMemory::populate(u64 begin, u64 length) {
    std::lock_guard guard(mutex_);
    constexpr u64 most = 4096;  // what a test ever looks at
    for (u64 page = begin / page_size; page < (begin + length) / page_size && page < begin / page_size + most;
         page++)
        (void)find(page, true);
}

void GuestMemory::copy_from(GuestMemory& other) {
    std::scoped_lock guard(mutex_, other.mutex_);
    ranges_ = other.ranges_;
    own_ = other.own_;
}

void GuestMemory::clear() {
    std::lock_guard guard(mutex_);
    ranges_.clear();
    own_.clear();
}

u64 GuestMemory::own_pages() {
    std::lock_guard guard(mutex_);
    return own_.size();
}

GuestMemory::PagePiece GuestMemory::source_page(const Range& range, u64 begin, u64 page) {
    u64 distance = page * page_size - begin;
    switch (range.source) {
        case Range::Source::zeros:
            return {zero_page().bytes, nullptr};
        case Range::Source::pages:
            return {range.pages + distance, nullptr};
        case Range::Source::file: {
            auto content = range.tree->page_of(*range.file, (range.offset + distance) / page_size);
            if (content == nullptr) return {};
            return {content->bytes, content};
        }
    }
    return {};
}

/// The bytes that an access to a page reaches; null where it faults.
GuestMemory::PagePiece GuestMemory::find(u64 page, bool write) {
    auto range = range_at(page * page_size);
    if (range == ranges_.end()) return {};
    // As the processor has it: whatever is accessible at all is readable.
    u8 needed = write ? u8{platform::prot_write} : u8{7};
    if ((range->second.protection & needed) == 0) return {};
    auto own = own_.find(page);
    if (own != own_.end()) {
        if (write && own->second.use_count() > 1) own->second = std::make_shared<Page>(*own->second);
        return {own->second->bytes, own->second};
    }
    PagePiece source = source_page(range->second, range->first, page);
    bool copies = write && !range->second.shared;
    if (source.bytes == nullptr || !copies) return source;
    auto fresh = std::make_shared<Page>();
    copy_shared(fresh->bytes, source.bytes, page_size);
    own_.emplace(page, fresh);
    return {fresh->bytes, fresh};
}

upcall::Fault::Kind GuestMemory::fault_kind(u64 address) {
    using Kind = upcall::Fault::Kind;
    std::lock_guard guard(mutex_);
    auto range = range_at(address);
    if (range == ranges_.end()) return Kind::page;
    bool readable = range->second.protection != platform::prot_none;
    return readable && find(address / page_size, false).bytes == nullptr ? Kind::bus : Kind::protection;
}

bool GuestMemory::executable(u64 address) {
    std::lock_guard guard(mutex_);
    auto range = range_at(address);
    return range != ranges_.end() && (range->second.protection & platform::prot_execute) != 0;
}

}  // namespace litebox::simulated
