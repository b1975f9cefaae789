// Pages of the page region: a buddy allocator whose bookkeeping lies beside the pages, so that free pages are
// never touched.
#pragma once

#include "core/base/lock.h"
#include "core/base/result.h"
#include "platform/platform.h"

namespace litebox {

/// What a block of pages is used for; heap_free finds out by it what it was given.
enum class PageUse : u8 { unused, free, slab, large, object };

class PageAllocator : Pinned {
  public:
    static constexpr unsigned largest_order = 12;  // 16 MiB

    /// Puts itself at the beginning of the region. Called once at boot, before any other thread runs.
    static PageAllocator* create(platform::PageRegion region);

    /// 2^order contiguous pages aligned to their size, or null. `zeroed`: all bytes zero.
    u8* allocate(unsigned order, PageUse use, bool zeroed);
    /// 2^order contiguous pages, each of which is freed by itself.
    u8* allocate_pages(unsigned order, bool zeroed = true);
    void free(void* pages);
    /// Gives what lies free and may not be zero back to the platform.
    void give_back();

    /// Of the block that begins at (or, for slabs, contains) the address.
    PageUse use_of(const void* page) const;
    [[nodiscard]] unsigned order_of(const void* page) const;
    [[nodiscard]] u64 pages_in_use() const { return in_use_.load(std::memory_order_relaxed); }

  private:
    static constexpr u32 none = ~u32{0};
    struct Info {
        u32 next, previous;
        u8 order;
        PageUse use;
        bool dirty;  // free blocks: not known to be zero
    };
    [[nodiscard]] u32 index_of(const void* page) const;
    [[nodiscard]] u8* page_at(u32 index) const { return base_ + u64{index} * page_size; }
    void put(u32 index, unsigned order, bool dirty);
    void unlink(u32 index);
    u32 take(unsigned order);
    u32 take_fresh(unsigned order);

    Mutex mutex_{LockRank::pages};
    u8* base_ = nullptr;
    u32 count_ = 0;           // pages in the region
    u32 frontier_ = 0;        // pages from here on have never been used
    u32 populated_ = 0;       // up to here the host was asked for pages ahead of need,
    u32 populated_from_ = 0;  // which begins here
    static constexpr u32 populated_ahead = 32;
    u32 heads_[largest_order + 1];
    Info* info_ = nullptr;
    std::atomic<u64> in_use_{0};
};

}  // namespace litebox
