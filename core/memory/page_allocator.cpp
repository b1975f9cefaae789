#include "core/memory/page_allocator.h"

#include <new>
#include <utility>

#include "core/base/string.h"

namespace litebox {

PageAllocator* PageAllocator::create(platform::PageRegion region) {
    auto* allocator = new (region.base) PageAllocator;
    u64 pages = region.length / page_size;
    u64 bookkeeping = page_up(sizeof(PageAllocator)) + page_up(pages * sizeof(Info));
    allocator->info_ = reinterpret_cast<Info*>(region.base + page_up(sizeof(PageAllocator)));
    allocator->base_ = region.base;
    allocator->count_ = static_cast<u32>(pages);
    allocator->frontier_ = static_cast<u32>(bookkeeping / page_size);
    constexpr u32 small = 256;
    allocator->populated_from_ = allocator->frontier_ + small;
    for (u32& head : allocator->heads_) head = none;
    return allocator;
}

u32 PageAllocator::index_of(const void* page) const {
    return static_cast<u32>((static_cast<const u8*>(page) - base_) / static_cast<isize>(page_size));
}

PageUse PageAllocator::use_of(const void* page) const {
    return info_[index_of(page)].use;
}
unsigned PageAllocator::order_of(const void* page) const {
    return info_[index_of(page)].order;
}

void PageAllocator::unlink(u32 index) {
    Info& info = info_[index];
    if (info.previous == none)
        heads_[info.order] = info.next;
    else
        info_[info.previous].next = info.next;
    if (info.next != none) info_[info.next].previous = info.previous;
}

/// A block becomes free: merges with its buddy as long as that is free too.
void PageAllocator::put(u32 index, unsigned order, bool dirty) {
    while (order < largest_order) {
        u32 buddy = index ^ u32 { 1 } << order;
        if (buddy >= frontier_ || info_[buddy].use != PageUse::free || info_[buddy].order != order) break;
        unlink(buddy);
        dirty |= info_[buddy].dirty;
        info_[buddy].use = PageUse::unused;
        info_[index].use = PageUse::unused;
        index = min(index, buddy);
        order++;
    }
    info_[index] = {heads_[order], none, static_cast<u8>(order), PageUse::free, dirty};
    if (heads_[order] != none) info_[heads_[order]].previous = index;
    heads_[order] = index;
}

u32 PageAllocator::take_fresh(unsigned order) {
    u32 size = u32{1} << order;
    // What alignment skips becomes free, clean blocks.
    while ((frontier_ & (size - 1)) != 0) {
        if (frontier_ >= count_) return none;
        unsigned step = static_cast<unsigned>(__builtin_ctz(frontier_));
        u32 skipped = frontier_;
        if (skipped + (u32{1} << step) > count_) return none;
        frontier_ += u32{1} << step;
        put(skipped, step, false);
    }
    if (size > count_ - frontier_) return none;
    u32 index = frontier_;
    frontier_ += size;
    if (frontier_ > populated_ && frontier_ > populated_from_ && size <= populated_ahead) {
        // One call for many pages costs less than a fault for each. A small sandbox needs few, though.
        u32 end = min(frontier_ + populated_ahead, count_);
        platform::populate_pages(page_at(max(populated_, index)),
                                 u64{end - max(populated_, index)} * page_size);
        populated_ = end;
    }
    info_[index].dirty = false;
    return index;
}

u32 PageAllocator::take(unsigned order) {
    unsigned found = order;
    while (found <= largest_order && heads_[found] == none) found++;
    if (found > largest_order) return take_fresh(order);
    u32 index = heads_[found];
    unlink(index);
    bool dirty = info_[index].dirty;
    while (found > order) {
        found--;
        info_[index].use = PageUse::unused;
        put(index + (u32{1} << found), found, dirty);
    }
    info_[index].dirty = dirty;
    return index;
}

u8* PageAllocator::allocate(unsigned order, PageUse use, bool zeroed) {
    u32 index;
    bool dirty;
    {
        LockGuard guard(mutex_);
        index = take(order);
        if (index == none) return nullptr;
        dirty = info_[index].dirty;
        for (u32 i = 0; i < u32{1} << order; i++) {
            info_[index + i].use = use;
            info_[index + i].order = static_cast<u8>(order);
        }
    }
    u8* page = page_at(index);
    if (!platform::commit_pages(page, page_size << order).ok()) {
        LockGuard guard(mutex_);
        for (u32 i = 0; i < u32{1} << order; i++) info_[index + i].use = PageUse::unused;
        put(index, order, dirty);
        return nullptr;
    }
    in_use_.fetch_add(u64{1} << order, std::memory_order_relaxed);
    if (zeroed && dirty) memset(page, 0, page_size << order);
    return page;
}

u8* PageAllocator::allocate_pages(unsigned order, bool zeroed) {
    u8* pages = allocate(order, PageUse::object, zeroed);
    if (pages == nullptr) return nullptr;
    // Only their owner looks at the bookkeeping of used pages.
    for (u32 i = 0; i < u32{1} << order; i++) info_[index_of(pages) + i].order = 0;
    return pages;
}

void PageAllocator::free(void* pages) {
    constexpr unsigned give_back_order = 8;  // a megabyte or more goes back to the host at once
    u32 index = index_of(pages);
    unsigned order = info_[index].order;
    bool dirty = true;
    if (order >= give_back_order) {
        platform::release_pages(pages, page_size << order);
        dirty = false;
    }
    in_use_.fetch_sub(u64{1} << order, std::memory_order_relaxed);
    LockGuard guard(mutex_);
    for (u32 i = 0; i < u32{1} << order; i++) info_[index + i].use = PageUse::unused;
    put(index, order, dirty);
}

void PageAllocator::give_back() {
    LockGuard guard(mutex_);
    for (unsigned order = 0; order <= largest_order; order++)
        for (u32 index = heads_[order]; index != none; index = info_[index].next)
            if (std::exchange(info_[index].dirty, false))
                platform::release_pages(page_at(index), page_size << order);
}

}  // namespace litebox
