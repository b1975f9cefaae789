// A memory object: pages by index that files (tmpfs, memfd, shared memory) and shared anonymous mappings
// consist of. Its pages live in the page region, so that every space maps the very same bytes that read and
// write see.
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/memory/user.h"

namespace litebox {

class AddressSpace;
struct Mapping;

/// Counts pages against a limit (a tmpfs mount's size=, the sandbox's memory). Thread-safe.
class PageQuota : public RefCounted<PageQuota> {
  public:
    explicit PageQuota(u64 limit_pages) : limit_(limit_pages) {}
    Result<void> charge(u64 pages);  // ENOSPC beyond the limit
    void release(u64 pages);
    [[nodiscard]] u64 limit() const { return limit_; }
    [[nodiscard]] u64 used() const { return used_.load(std::memory_order_relaxed); }

  private:
    u64 limit_;
    std::atomic<u64> used_{0};
};

class MemoryObject : public RefCounted<MemoryObject> {
  public:
    static Result<Ref<MemoryObject>> create(Ref<PageQuota> quota);
    explicit MemoryObject(Ref<PageQuota> quota);  // unusable before create() has filled it
    ~MemoryObject();

    [[nodiscard]] u64 size() const { return size_.load(std::memory_order_acquire); }
    [[nodiscard]] u64 resident_pages() const;
    /// Up to size(); fewer bytes at the end. Reads of holes give zeros.
    Result<usize> read(IoCursor& to, u64 offset);
    /// Grows the object; `limit` (RLIMIT_FSIZE or ~0) cuts or EFBIG. Fewer bytes when space runs out after
    /// some.
    Result<usize> write(IoCursor& from, u64 offset);
    /// Mappings lose what lies beyond; touching it is SIGBUS. Shrinking zeroes the tail of the last page.
    Result<void> resize(u64 size);
    Result<void> allocate(u64 offset, u64 length);    // fallocate without KEEP_SIZE handling: fills holes
    Result<void> punch_hole(u64 offset, u64 length);  // deallocates whole pages, zeroes parts
    /// Offset of the next data or hole at or after `offset`; ENXIO beyond the end.
    Result<u64> seek_data(u64 offset);
    Result<u64> seek_hole(u64 offset);

    /// The page at `index`, made (zeroed) if absent and `create`; null if absent. It stays while the object
    /// has that page.
    Result<u8*> page(u64 index, bool create);

    // Reverse map: which mappings show this object (kept by AddressSpace).
    void attach(Mapping& mapping);
    void detach(Mapping& mapping);

  private:
    struct Pages;
    std::atomic<u64> size_{0};
    Ref<PageQuota> quota_;
    Mutex mutex_{LockRank::memory_object};
    Pages* pages_ = nullptr;
};

}  // namespace litebox
