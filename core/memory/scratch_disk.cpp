#include "core/memory/scratch_disk.h"

#include "platform/block_device.h"

namespace litebox {

namespace {
constexpr u64 word_bits = 64;
}

Result<Own<ScratchDisk>> ScratchDisk::create(u64 most_in_memory) {
    for (u32 device = 0; device < platform::block_device_count(); device++) {
        auto found = TRY(platform::block_device(device));
        if (found.read_only) continue;
        auto scratch = TRY(make_own<ScratchDisk>(device, most_in_memory));
        scratch->slots_ = min<u64>(found.size / page_size, ~u32{0});
        TRY(scratch->used_.resize((scratch->slots_ + word_bits - 1) / word_bits));
        return scratch;
    }
    return Errno::enodev;
}

void ScratchDisk::add(MemoryObject& object) {
    LockGuard guard(mutex_);
    objects_.push_back(&object);
    object_count_++;
}

void ScratchDisk::remove(MemoryObject& object) {
    LockGuard guard(mutex_);
    object.listed.unlink();
    object_count_--;
}

/// Each in turn. None: the one whose turn it is is about to go.
Ref<MemoryObject> ScratchDisk::next_object() {
    LockGuard guard(mutex_);
    MemoryObject* next = objects_.pop_front();
    if (next == nullptr) return nullptr;
    objects_.push_back(next);
    return next->try_ref() ? Ref<MemoryObject>::adopt(next) : nullptr;
}

u64 ScratchDisk::put_out(u64 pages) {
    usize left;
    {
        LockGuard guard(mutex_);
        left = object_count_;
    }
    u64 done = 0;
    for (; left > 0 && done < pages; left--)
        if (auto object = next_object()) done += object->put_out(pages - done);
    return done;
}

void ScratchDisk::make_room(u64 pages) {
    // More than is needed now, or every page would ask again.
    constexpr u64 at_once = 256;
    u64 wanted = in_memory_.load(std::memory_order_relaxed) + pages;
    if (wanted > most_in_memory_) (void)put_out(wanted - most_in_memory_ + at_once);
}

/// Finds up to run.count adjacent free slots, from where the last ones were found on.
bool ScratchDisk::take_run(Run& run) {
    LockGuard guard(mutex_);
    auto taken = [&](u64 slot) { return (used_[slot / word_bits] >> slot % word_bits & 1) != 0; };
    u64 looked = 0, slot = hint_ < slots_ ? hint_ : 0;
    while (looked < slots_ && taken(slot)) {
        bool full = slot % word_bits == 0 && used_[slot / word_bits] == ~u64{0};
        u64 step = full ? word_bits : 1;
        looked += step;
        slot = slot + step < slots_ ? slot + step : 0;
    }
    if (looked >= slots_) return false;
    u64 count = 0;
    for (; count < run.count && slot + count < slots_ && !taken(slot + count); count++)
        used_[(slot + count) / word_bits] |= u64{1} << (slot + count) % word_bits;
    hint_ = slot + count;
    run = {static_cast<u32>(slot), count};
    return true;
}

void ScratchDisk::give_back(u32 slot) {
    LockGuard guard(mutex_);
    used_[slot / word_bits] &= ~(u64{1} << slot % word_bits);
}

Result<ScratchDisk::Run> ScratchDisk::write(std::span<const u8> pages) {
    Run run{0, pages.size() / page_size};
    if (!take_run(run)) return Errno::enospc;
    auto written =
        platform::block_write(device_, u64{run.first} * page_size, pages.first(run.count * page_size));
    if (written.ok()) return run;
    for (u64 i = 0; i < run.count; i++) give_back(static_cast<u32>(run.first + i));
    return Errno::eio;
}

Result<void> ScratchDisk::read(u32 first, std::span<u8> pages) {
    return platform::block_read(device_, u64{first} * page_size, pages).ok() ? Result<void>() : Errno::eio;
}

}  // namespace litebox
