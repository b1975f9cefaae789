// A scratch disk: a block device where pages of files in memory lie while there is no room for them, so that
// more can be written than the machine has memory. What is there is of this run only.
//
// A page of an object is in memory or in a slot of the device, never in both. Objects that something maps
// keep theirs in memory.
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/vector.h"
#include "core/memory/memory_object.h"

namespace litebox {

class ScratchDisk : Pinned {
  public:
    struct Run {
        u32 first;
        u64 count;  // slots
    };

    /// On the first block device that can be written; objects keep up to `most_in_memory` pages in memory.
    /// ENODEV: there is none.
    static Result<Own<ScratchDisk>> create(u64 most_in_memory);
    ScratchDisk(u32 device, u64 most_in_memory) : device_(device), most_in_memory_(most_in_memory) {}

    void add(MemoryObject& object);
    void remove(MemoryObject& object);
    /// Objects have so many pages more, or fewer, in memory.
    void count(i64 pages) { in_memory_.fetch_add(static_cast<u64>(pages), std::memory_order_relaxed); }

    /// Puts pages of objects out until `pages` more may be in memory, as far as that goes. Without the lock
    /// of an object.
    void make_room(u64 pages);
    /// Puts about so many pages out; how many it were.
    u64 put_out(u64 pages);

    // For objects, under their locks.
    /// Writes adjacent pages to slots of their own, maybe not all. ENOSPC, EIO.
    Result<Run> write(std::span<const u8> pages);
    Result<void> read(u32 first, std::span<u8> pages);
    void give_back(u32 slot);

  private:
    Ref<MemoryObject> next_object();
    bool take_run(Run& run);

    const u32 device_;
    const u64 most_in_memory_;
    std::atomic<u64> in_memory_{0};
    Mutex mutex_{LockRank::cache};
    List<MemoryObject, &MemoryObject::listed> objects_;  // next to be put out first
    usize object_count_ = 0;
    Vector<u64> used_;  // bit by slot
    u64 slots_ = 0, hint_ = 0;
};

}  // namespace litebox
