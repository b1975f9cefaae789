// Locks of the lowest level: interrupts are off on this processor while one is held, nothing sleeps under
// it, and it guards a few instructions. Everything longer takes the core's Mutex.
#pragma once

#include <atomic>

#include "core/base/types.h"

namespace litebox::vm {

/// Interrupts stay off on this processor as long as it lives; nests.
class InterruptsOff : Pinned {
  public:
#ifdef LITEBOX_FREESTANDING
    InterruptsOff() {
        asm volatile("pushfq; pop %0; cli" : "=r"(flags_) : : "memory");
    }
    ~InterruptsOff() {
        constexpr u64 interrupt_flag = 0x200;
        if ((flags_ & interrupt_flag) != 0) asm volatile("sti" : : : "memory");
    }

  private:
    u64 flags_;
#else
    InterruptsOff() {}
    ~InterruptsOff() {}
#endif
};

#ifdef LITEBOX_FREESTANDING
/// A processor that waits still answers what others ask of it (cpu/interrupts.h).
void while_spinning();
#else
inline void while_spinning() {}
#endif

/// Not fair: a virtual processor whose turn it were may not run for long, and all others would wait for it.
class SpinLock : Pinned {
  public:
    /// With interrupts off.
    void lock() {
        while (taken_.exchange(1, std::memory_order_acquire) != 0) {
            while (taken_.load(std::memory_order_relaxed) != 0) {
                while_spinning();
                asm volatile("pause");
            }
        }
    }
    void unlock() { taken_.store(0, std::memory_order_release); }

  private:
    std::atomic<u32> taken_{0};
};

class SpinGuard : Pinned {
  public:
    explicit SpinGuard(SpinLock& lock) : lock_(lock) { lock_.lock(); }
    ~SpinGuard() { lock_.unlock(); }

  private:
    InterruptsOff off_;
    SpinLock& lock_;
};

}  // namespace litebox::vm
