// Waiting: queues of waiters, and the one way in which a thread blocks.
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/result.h"

namespace litebox {

class Thread;

/// What epoll, poll and blocked threads hang on a queue. notify() runs under the queue's lock: it only marks
/// and wakes.
class Waiter : litebox::Pinned {
  public:
    /// `events` as in poll(2); returns true if the wake-up was used up (exclusive waiters count these).
    virtual bool notify(u32 events) = 0;
    ListNode node;
    bool exclusive = false;

  protected:
    ~Waiter() = default;
};

class WaitQueue : Pinned {
  public:
    void add(Waiter& waiter);
    void remove(Waiter& waiter);
    /// Notifies all ordinary waiters and up to `exclusive` exclusive ones. Cheap when nobody waits.
    void wake(u32 events, u32 exclusive = 1);
    [[nodiscard]] bool empty() const { return waiters_count_.load(std::memory_order_acquire) == 0; }

  private:
    Mutex mutex_{LockRank::wait_queue};
    std::atomic<u32> waiters_count_{0};
    List<Waiter, &Waiter::node> waiters_;
};

/// Wakes one thread.
class ThreadWaiter final : public Waiter {
  public:
    explicit ThreadWaiter(Thread& thread) : thread_(thread) {}
    bool notify(u32 events) override;
    /// Registers now, unregisters at the end of the scope.
    class Scope : litebox::Pinned {
      public:
        Scope(WaitQueue& queue, ThreadWaiter& waiter) : queue_(queue), waiter_(waiter) {
            queue_.add(waiter_);
        }
        ~Scope() { queue_.remove(waiter_); }

      private:
        WaitQueue& queue_;
        ThreadWaiter& waiter_;
    };

  private:
    Thread& thread_;
};

enum class Interruptible : u8 { no, yes };

/// Blocks the current thread until it is woken (any reason), has a signal to take (then restartsys), or the
/// deadline (monotonic nanoseconds) passes (then etimedout). `generation` was read by wait_generation()
/// before the condition was looked at: a wake-up in between is never lost.
u32 wait_generation();
Result<void> block(u32 generation, u64 deadline, Interruptible interruptible);

/// The usual loop: until `ready()` returns true. `ready` is called without locks held by this function.
template <typename Ready>
Result<void> wait_until(WaitQueue& queue, u64 deadline, Ready&& ready,
                        Interruptible interruptible = Interruptible::yes);

}  // namespace litebox

#include "core/task/thread.h"

namespace litebox {

template <typename Ready>
Result<void> wait_until(WaitQueue& queue, u64 deadline, Ready&& ready, Interruptible interruptible) {
    if (ready()) return {};
    ThreadWaiter waiter(*current_thread());
    ThreadWaiter::Scope scope(queue, waiter);
    for (;;) {
        u32 generation = wait_generation();
        if (ready()) return {};
        TRY(block(generation, deadline, interruptible));
    }
}

}  // namespace litebox
