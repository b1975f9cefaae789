// Physical page frames: a buddy allocator with a reference count per frame. Its bookkeeping lies at the
// beginning of each range of memory and is not touched before the frames that it describes are: starting up
// costs the same with 8 MiB and with 1 TiB.
#pragma once

#include <atomic>
#include <span>

#include "core/base/result.h"
#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

/// Who gets a frame; says how far down the free frames may go for it.
enum class FrameUse : u8 {
    unused,
    anonymous,  // guest memory
    file,       // the file cache, its index too
    table,      // page tables of spaces, records of spaces
    kernel,     // page region, stacks, kernel tables, devices
};

class Frames : Pinned {
  public:
    static constexpr unsigned largest_order = 9;  // 2 MiB

    /// Takes over the memory in `usable`: page-aligned, ascending, disjoint. Once, before any other call.
    /// What is first used lies lowest.
    void begin(std::span<const PhysicalRange> usable);

    /// 2^order frames in a row, aligned to their size, contents unknown; each has a reference count of one
    /// and is released by itself. ENOMEM: nothing left for this use. Takes a spin lock, never sleeps.
    Result<Physical> allocate(unsigned order, FrameUse use);
    /// One frame of zeros.
    Result<Physical> allocate_zeroed(FrameUse use);

    /// One more reference to a frame that the caller holds, or holds the lock of a holder of.
    void retain(Physical frame);
    /// Gives one reference back; at the last the frame is free. No processor may be able to reach it any
    /// more.
    void release(Physical frame);
    /// Both for `count` frames in a row.
    void retain_run(Physical first, u64 count);
    void release_run(Physical first, u64 count);
    [[nodiscard]] u32 references(Physical frame) const;
    [[nodiscard]] FrameUse use_of(Physical frame) const;

    /// Sets frames aside that `take_promised` then cannot fail to find. ENOMEM: there are not as many.
    Result<void> promise(u64 count);
    void withdraw(u64 count);
    /// One frame out of those promised, for the kernel.
    Physical take_promised(bool zeroed = true);

    [[nodiscard]] u64 free_frames() const { return free_.load(std::memory_order_relaxed); }
    [[nodiscard]] u64 total_frames() const { return total_; }
    [[nodiscard]] u64 promised_frames() const { return promised_.load(std::memory_order_relaxed); }
    /// Guests, caches and page tables may use at most this many frames together with the kernel.
    void set_limit(u64 frames);
    /// A frame of zeros that is mapped read-only where memory was only ever read. Not counted: neither
    /// retained nor released by those who map it.
    [[nodiscard]] Physical zero_frame() const { return zero_frame_; }

    /// A word of bookkeeping that belongs to the owner of a frame: page tables count their entries in it, the
    /// file cache its writable mappings. The owner's lock guards it.
    u32& owner_word(Physical frame);
    /// What a frame holds, in 48 bits that its owner writes once (the file cache: which page of which file).
    void set_contents(Physical frame, u64 contents);
    [[nodiscard]] u64 contents_of(Physical frame) const;

  private:
    static constexpr u32 none = ~u32{0};
    static constexpr usize most_ranges = 32;
    /// A count that has come so far stays there, and its frame is lost: better than one that wraps to free.
    static constexpr u32 saturated = u32{1} << 31;
    struct Info {
        u32 references;  // 0: free
        u32 next;        // free blocks: links, as frame numbers; else the owner's word
        u32 previous;    // free blocks: link; else the lower half of the contents
        u16 order;       // of a free block; else the upper bits of the contents
        FrameUse use;
        bool free_block;  // its first frame
    };
    static_assert(sizeof(Info) == 16);
    struct Range {
        u32 first, end;  // frame numbers, without the bookkeeping
        u32 frontier;    // frames from here on have never been used and have no bookkeeping yet
        Physical info;   // of `first` and those behind it
    };
    [[nodiscard]] const Range& range_of(u32 number) const;
    static Info& info_in(const Range& range, u32 number);
    [[nodiscard]] Info& info_of(Physical frame) const;
    [[nodiscard]] u64 floor_for(FrameUse use) const;
    void put(const Range& range, u32 number, unsigned order);
    void unlink(Info& block);
    u32 take(unsigned order);
    u32 take_fresh(Range& range, unsigned order);
    Physical hand_out(u32 number, unsigned order, FrameUse use);
    void free_run(Physical first, u64 count);

    SpinLock lock_;
    Range ranges_[most_ranges];
    usize range_count_ = 0;
    u32 heads_[largest_order + 1];
    u64 total_ = 0, reserve_ = 0, withheld_ = 0;
    Physical zero_frame_ = 0;
    std::atomic<u64> free_{0}, promised_{0};
};

}  // namespace litebox::vm
