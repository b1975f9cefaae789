#include "platform/vm/memory/frames.h"

#include "platform/vm/memory/pages.h"

namespace litebox::vm {

namespace {

u32 number_of(Physical frame) {
    return static_cast<u32>(frame >> page_shift);
}
Physical frame_at(u32 number) {
    return Physical{number} << page_shift;
}

}  // namespace

const Frames::Range& Frames::range_of(u32 number) const {
    usize index = 0;
    while (index + 1 < range_count_ && number >= ranges_[index].end) index++;
    return ranges_[index];
}

Frames::Info& Frames::info_in(const Range& range, u32 number) {
    return static_cast<Info*>(direct(range.info))[number - range.first];
}

Frames::Info& Frames::info_of(Physical frame) const {
    u32 number = number_of(frame);
    return info_in(range_of(number), number);
}

void Frames::begin(std::span<const PhysicalRange> usable) {
    constexpr u64 smallest = 4, largest_address = u64{none} << page_shift;
    for (u32& head : heads_) head = none;
    for (const PhysicalRange& given : usable) {
        u64 end = min(given.end, largest_address);
        if (range_count_ == most_ranges || end < given.begin + smallest * page_size) continue;
        u64 pages = (end - given.begin) / page_size;
        u64 bookkeeping = page_up(pages * sizeof(Info)) / page_size;
        Range& range = ranges_[range_count_++];
        range.info = given.begin;
        range.first = range.frontier = number_of(given.begin) + static_cast<u32>(bookkeeping);
        range.end = number_of(end);
        total_ += range.end - range.first;
    }
    free_.store(total_, std::memory_order_relaxed);
    constexpr u64 least = 32, most = 4096, share = 64;
    reserve_ = min(max(total_ / share, least), most);
    auto zeros = allocate_zeroed(FrameUse::kernel);
    if (zeros.ok()) zero_frame_ = zeros.value();
}

void Frames::set_limit(u64 limit) {
    SpinGuard guard(lock_);
    withheld_ = limit < total_ ? total_ - limit : 0;
}

/// How many free frames stay untouched by this use.
u64 Frames::floor_for(FrameUse use) const {
    switch (use) {
        case FrameUse::kernel:
            return 0;
        case FrameUse::table:
            return withheld_ + reserve_ / 2;
        default:
            return withheld_ + reserve_;
    }
}

void Frames::unlink(Info& block) {
    if (block.previous == none)
        heads_[block.order] = block.next;
    else
        info_of(frame_at(block.previous)).next = block.next;
    if (block.next != none) info_of(frame_at(block.next)).previous = block.previous;
    block.free_block = false;
}

/// A block becomes free: merges with its buddy as long as that is free too.
void Frames::put(const Range& range, u32 number, unsigned order) {
    for (; order < largest_order; order++) {
        u32 buddy = number ^ u32 { 1 } << order;
        if (buddy < range.first || buddy >= range.frontier) break;
        Info& other = info_in(range, buddy);
        if (!other.free_block || other.order != order) break;
        unlink(other);
        number = min(number, buddy);
    }
    info_in(range, number) = {0, heads_[order], none, static_cast<u16>(order), FrameUse::unused, true};
    if (heads_[order] != none) info_of(frame_at(heads_[order])).previous = number;
    heads_[order] = number;
}

u32 Frames::take_fresh(Range& range, unsigned order) {
    u32 size = u32{1} << order;
    u64 aligned = (u64{range.frontier} + size - 1) & ~u64{size - 1};
    if (aligned + size > range.end) return none;
    // What alignment skips becomes free blocks.
    while (range.frontier < aligned) {
        u32 skipped = range.frontier;
        unsigned step = static_cast<unsigned>(__builtin_ctz(skipped));
        range.frontier += u32{1} << step;
        for (u32 i = skipped; i < range.frontier; i++) info_in(range, i) = {};
        put(range, skipped, step);
    }
    u32 number = range.frontier;
    range.frontier += size;
    return number;
}

u32 Frames::take(unsigned order) {
    unsigned found = order;
    while (found <= largest_order && heads_[found] == none) found++;
    if (found > largest_order) {
        for (usize i = 0; i < range_count_; i++) {
            u32 fresh = take_fresh(ranges_[i], order);
            if (fresh != none) return fresh;
        }
        return none;
    }
    u32 number = heads_[found];
    const Range& range = range_of(number);
    unlink(info_in(range, number));
    while (found > order) {
        found--;
        u32 upper = number + (u32{1} << found);
        info_in(range, upper) = {0, heads_[found], none, static_cast<u16>(found), FrameUse::unused, true};
        if (heads_[found] != none) info_of(frame_at(heads_[found])).previous = upper;
        heads_[found] = upper;
    }
    return number;
}

Physical Frames::hand_out(u32 number, unsigned order, FrameUse use) {
    u32 count = u32{1} << order;
    free_.fetch_sub(count, std::memory_order_relaxed);
    const Range& range = range_of(number);
    for (u32 i = 0; i < count; i++) info_in(range, number + i) = {1, 0, 0, 0, use, false};
    return frame_at(number);
}

Result<Physical> Frames::allocate(unsigned order, FrameUse use) {
    if (order > largest_order) return Errno::einval;
    SpinGuard guard(lock_);
    if (free_frames() < (u64{1} << order) + promised_frames() + floor_for(use)) return Errno::enomem;
    u32 number = take(order);
    if (number == none) return Errno::enomem;
    return hand_out(number, order, use);
}

Result<Physical> Frames::allocate_zeroed(FrameUse use) {
    Physical frame = TRY(allocate(0, use));
    zero_pages(direct(frame));
    return frame;
}

Result<void> Frames::promise(u64 count) {
    SpinGuard guard(lock_);
    if (free_frames() < count + promised_frames() + reserve_ / 4) return Errno::enomem;
    promised_.fetch_add(count, std::memory_order_relaxed);
    return {};
}

void Frames::withdraw(u64 count) {
    SpinGuard guard(lock_);
    promised_.fetch_sub(count, std::memory_order_relaxed);
}

Physical Frames::take_promised(bool zeroed) {
    Physical frame = 0;
    {
        SpinGuard guard(lock_);
        promised_.fetch_sub(1, std::memory_order_relaxed);
        // There is one: every other way to a frame leaves those promised alone.
        frame = hand_out(take(0), 0, FrameUse::kernel);
    }
    if (zeroed) zero_pages(direct(frame));
    return frame;
}

void Frames::retain(Physical frame) {
    u32& count = info_of(frame).references;
    if (__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) >= saturated)
        __atomic_store_n(&count, saturated, __ATOMIC_RELAXED);
}

void Frames::release(Physical frame) {
    release_run(frame, 1);
}

void Frames::retain_run(Physical first, u64 count) {
    for (u64 i = 0; i < count; i++) retain(first + i * page_size);
}

void Frames::release_run(Physical first, u64 count) {
    u64 freed = 0;  // frames directly before the one looked at that are free to go
    for (u64 i = 0; i < count; i++) {
        Physical frame = first + i * page_size;
        u32& references = info_of(frame).references;
        bool last = __atomic_load_n(&references, __ATOMIC_RELAXED) < saturated &&
                    __atomic_sub_fetch(&references, 1, __ATOMIC_ACQ_REL) == 0;
        if (last) {
            freed++;
            continue;
        }
        if (freed > 0) free_run(frame - freed * page_size, freed);
        freed = 0;
    }
    if (freed > 0) free_run(first + (count - freed) * page_size, freed);
}

void Frames::free_run(Physical first, u64 count) {
    u32 number = number_of(first), end = number + static_cast<u32>(count);
    SpinGuard guard(lock_);
    const Range& range = range_of(number);
    while (number < end) {
        unsigned order = number == 0 ? largest_order : static_cast<unsigned>(__builtin_ctz(number));
        order = min(order, largest_order);
        while (number + (u32{1} << order) > end) order--;
        put(range, number, order);
        number += u32{1} << order;
    }
    free_.fetch_add(count, std::memory_order_relaxed);
}

u32 Frames::references(Physical frame) const {
    return __atomic_load_n(&info_of(frame).references, __ATOMIC_ACQUIRE);
}

FrameUse Frames::use_of(Physical frame) const {
    return info_of(frame).use;
}

u32& Frames::owner_word(Physical frame) {
    return info_of(frame).next;
}

void Frames::set_contents(Physical frame, u64 contents) {
    Info& info = info_of(frame);
    info.previous = static_cast<u32>(contents);
    info.order = static_cast<u16>(contents >> 32);
}

u64 Frames::contents_of(Physical frame) const {
    const Info& info = info_of(frame);
    return u64{info.order} << 32 | info.previous;
}

}  // namespace litebox::vm
