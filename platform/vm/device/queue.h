// A split virtqueue (VIRTIO 1.2, 2.7), driver's side, against a device that means harm.
//
// The device can write the whole page at any moment, but only its used ring is ever read back: descriptors
// and the available ring are written, never believed. What a chain consists of, and which chains the device
// has, is kept in private memory. So a loop in the descriptors, or a changed `next`, hurts only the device.
// An index that leaps, an id out of range or one that is not the device's, and a length above what the chain
// can take make the queue `violated`; the caller stops the machine.
//
// Not synchronised.
#pragma once

#include <atomic>

#include "platform/vm/device/shared_frames.h"

namespace litebox::vm {

class Queue : Pinned {
  public:
    static constexpr u16 most_entries = 128;
    struct Areas {  // physical
        u64 descriptors, driver, device;
    };
    enum class Taken : u8 { nothing, chain, violated };
    struct Completion {
        u16 chain;
        u32 written;  // no more than the chain's parts for the device to write
    };

    /// `entries`: a power of two.
    Result<void> begin(u16 entries);
    [[nodiscard]] u16 entries() const { return entries_; }
    [[nodiscard]] Areas areas() const;

    /// A chain for the device, seen by it after publish(); the device's number for it, its own until take()
    /// tells that it is done. EAGAIN: too few free descriptors. Parts that the device writes come last.
    Result<u16> offer(std::span<const SharedRange> parts);
    /// Makes what was offered visible. True: the device wants to be notified.
    bool publish();
    /// Whether take() has something. From any thread.
    [[nodiscard]] bool news() const;
    Taken take(Completion& completion);
    /// The descriptors of a chain that take() told of may be used again.
    void release(u16 chain);
    [[nodiscard]] u16 held() const { return held_; }

  private:
    static constexpr usize available_at = 2048, used_at = 2560;
    static_assert(most_entries * 16 <= available_at && available_at + 6 + 2 * most_entries <= used_at &&
                  used_at + 6 + 8 * most_entries <= page_size);

    enum class State : u8 { free, device, taken };
    void write_descriptor(u16 index, const SharedRange& part, bool more, u16 next);

    SharedFrames page_;
    u16 entries_ = 0;
    u16 free_ = 0, free_count_ = 0;  // chained through next_
    u16 offered_ = 0;                // the available ring's index
    u16 held_ = 0;                   // chains that the device has
    std::atomic<u16> seen_{0};       // the used ring's index, up to here; news() reads it at any time
    u16 next_[most_entries] = {};
    u16 parts_[most_entries] = {};  // of the chain that begins here
    u32 room_[most_entries] = {};   // that the device may write
    State states_[most_entries] = {};
};

}  // namespace litebox::vm
