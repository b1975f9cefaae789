// A virtqueue with threads that wait for its chains.
//
// The interrupt handler takes what the device has done and wakes whoever waits for it, and so does every
// waiting thread itself, so that a lost interrupt costs a second and not the machine. A device that breaks
// the rules of its ring is marked broken in the handler and ends the machine from the next thread that has to
// do with it; one that never answers ends it when the patience is over.
#pragma once

#include <atomic>

#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/device/queue.h"

namespace litebox::vm {

class VirtioDevice;

class RequestQueue : Pinned {
  public:
    /// Sets up queue `index` of the device, with as many entries as both sides can have.
    Result<void> begin(VirtioDevice& device, u16 index);
    [[nodiscard]] u16 entries() const { return queue_.entries(); }
    void set_patience(u64 nanoseconds) { patience_ = nanoseconds; }

    /// Hands a chain to the device. EAGAIN when the ring is full. With `notify` false a later kick() tells of
    /// it.
    Result<u16> submit(std::span<const SharedRange> parts, bool notify = true);
    void kick();
    /// Waits for a chain and gives it back: how many bytes the device wrote. For one thread per chain.
    u32 wait(u16 chain);
    /// True, and the chain is given back, when the device is done with it.
    bool collect(u16 chain, u32* written);
    /// Whether the chain is the one that the device was done with as the `number`th (from 0, counted modulo
    /// 2^32).
    [[nodiscard]] bool is_next(u16 chain, u32 number) const {
        return tickets_[chain].load(std::memory_order_acquire) == done &&
               numbers_[chain].load(std::memory_order_relaxed) == number;
    }

    /// Counts up with every chain that the device is done with; unparked where somebody sleeps through
    /// sleep_on_progress.
    [[nodiscard]] u32 progress() const { return progress_.load(std::memory_order_acquire); }
    enum class Woken : u8 { progress, interrupted, timed_out };
    Woken sleep_on_progress(u32 seen, u64 deadline);

    /// Takes what the device has done. From any context, interrupt handlers too.
    void reap();
    [[nodiscard]] bool broken() const { return broken_.load(std::memory_order_acquire); }

  private:
    enum Ticket : u32 { idle, in_flight, awaited, done };
    static constexpr u64 default_patience = u64{120} * 1000000000;

    void wake_all();
    void check();
    void give_back(u16 chain);

    VirtioDevice* device_ = nullptr;
    u16 index_ = 0;
    u64 patience_ = default_patience;
    SpinLock lock_;
    Queue queue_;  // under the lock
    std::atomic<bool> broken_{false};
    std::atomic<u32> progress_{0}, progress_sleepers_{0};
    std::atomic<u32> tickets_[Queue::most_entries] = {};
    std::atomic<u32> written_[Queue::most_entries] = {};
    std::atomic<u32> numbers_[Queue::most_entries] = {};
    u32 done_count_ = 0;  // under the lock
};

}  // namespace litebox::vm
