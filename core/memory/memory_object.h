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
class ScratchDisk;
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

/// Where an object's absent pages come from when they are not zeros: the contents of an image's file, say.
class PageSource : public RefCounted<PageSource> {
  public:
    virtual ~PageSource() = default;
    /// Fills whole pages from page `first` on; all of them lie before the object's end. Called without locks,
    /// also by several threads for the same pages: it must give the same bytes each time.
    virtual Result<void> fill(u64 first, std::span<u8> pages) = 0;
    /// Memory is short: frees pages of objects that have such a source; how many.
    virtual u64 give_up_pages() { return 0; }
};

class MemoryObject : public RefCounted<MemoryObject> {
  public:
    static Result<Ref<MemoryObject>> create(Ref<PageQuota> quota);
    /// An object of fixed size and contents, which is only read: pages come from `source` when they are first
    /// asked for.
    static Result<Ref<MemoryObject>> create(Ref<PageQuota> quota, Ref<PageSource> source, u64 size);
    explicit MemoryObject(Ref<PageQuota> quota) : quota_(std::move(quota)) {}
    ~MemoryObject();

    [[nodiscard]] bool has_source() const { return source_.get() != nullptr; }

    /// Before anybody else knows the object: its pages may lie on `scratch`, which outlives it.
    void use_scratch(ScratchDisk& scratch);

    [[nodiscard]] u64 size() const { return size_.load(std::memory_order_acquire); }
    [[nodiscard]] u64 resident_pages() const { return resident_.load(std::memory_order_relaxed); }
    /// Up to size(); fewer bytes at the end. Reads of holes give zeros.
    Result<usize> read(IoCursor& to, u64 offset);
    /// Grows the object. Fewer bytes when space runs out after some.
    Result<usize> write(IoCursor& from, u64 offset);
    /// Mappings lose what lies beyond; touching it is SIGBUS. Shrinking zeroes the tail of the last page.
    Result<void> resize(u64 size);
    Result<void> allocate(u64 offset, u64 length);    // fills holes; does not change the size
    Result<void> punch_hole(u64 offset, u64 length);  // deallocates whole pages, zeroes parts
    /// Offset of the next data or hole at or after `offset`; ENXIO beyond the end.
    Result<u64> seek_data(u64 offset);
    Result<u64> seek_hole(u64 offset);

    /// The page at `index`, made (zeroed, or from the source) if absent and `create`; null if absent. It
    /// stays while the object has that page.
    Result<u8*> page(u64 index, bool create);
    /// Makes pages [first, last) as far as they are absent, in runs as contiguous as can be.
    Result<void> populate(u64 first, u64 last);

    /// Frees the pages of an object with a source, which come again from there, unless something maps it; how
    /// many.
    u64 give_up_pages();
    /// Puts about so many pages on the scratch device, unless something maps the object; how many it were.
    u64 put_out(u64 pages);

    ListNode listed;  // for its source's owner, or the scratch device

    // Reverse map: which mappings show this object (kept by AddressSpace).
    Result<void> attach(Mapping& mapping);
    void detach(Mapping& mapping);
    /// Somebody's shared mapping of it is or may become writable.
    bool shared_writable();

  private:
    static constexpr u64 chunk_pages = 512;
    struct Chunk {
        u8* pages[chunk_pages];
    };
    struct Freed;
    [[nodiscard]] u8* entry(u64 index) const;
    [[nodiscard]] u8* find(u64 index) const;
    [[nodiscard]] bool is_out(u64 index) const;
    Result<u8*> take_pages(unsigned* order, bool zeroed);
    Result<u8*> make(u64 index, u64 wanted_run);
    Result<u8*> make_or_bring_back(u64 index, u64 wanted_run);
    Result<u8*> bring_back(u64 index);
    Result<void> bring_for_reader(u64 index, u64 needed);
    void make_room(u64 pages);
    Result<u8*> bring(u64 index, u64 needed);
    Result<u8*> bring_run(u64 index, unsigned order);
    Result<u8*> keep_brought(u64 index, u8* pages, u64 count);
    u64 read_ahead(u64 index, u64 needed);
    Result<u8**> slot(u64 index);
    void detach_pages(u64 first, u64 last, Freed& freed);
    Result<void> zero_part(u64 begin, u64 end);
    Result<void> drop_pages(u64 first, u64 last, bool private_copies_too);

    std::atomic<u64> size_{0};
    std::atomic<u64> resident_{0};
    Ref<PageQuota> quota_;
    Ref<PageSource> source_;
    ScratchDisk* scratch_ = nullptr;
    // How many pages the next request to the source is for, and where it would be the continuation of the
    // last.
    std::atomic<u64> ahead_{0}, next_brought_{0};
    SharedMutex lock_{LockRank::memory_object};
    Vector<Chunk*> chunks_;
    Mutex mappings_mutex_{LockRank::memory_object};
    Vector<Mapping*> mappings_;
    std::atomic<usize> mapping_count_{0};
};

}  // namespace litebox
