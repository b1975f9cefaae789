#include "core/task/wait_queue.h"

#include "core/file/events/file_signals.h"
#include "core/task/thread.h"
#include "core/task/wake_batch.h"

namespace litebox {

void WaitQueue::add(Waiter& waiter) {
    LockGuard guard(mutex_);
    if (waiter.exclusive)
        waiters_.push_back(&waiter);
    else
        waiters_.push_front(&waiter);
    waiters_count_.fetch_add(1, std::memory_order_seq_cst);
}

void WaitQueue::remove(Waiter& waiter) {
    LockGuard guard(mutex_);
    if (!waiter.node.linked()) return;
    waiter.node.unlink();
    waiters_count_.fetch_sub(1, std::memory_order_release);
}

void WaitQueue::wake(u32 events, u32 exclusive) {
    // Pairs with the seq_cst increment in add(): either the waiter sees the new condition or we see the
    // waiter.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (empty()) return;
    WakeBatch batch;
    LockGuard guard(mutex_);
    for (Waiter& waiter : waiters_) {
        if (waiter.exclusive && exclusive == 0) break;
        if (waiter.notify(events) && waiter.exclusive) exclusive--;
    }
}

bool ThreadWaiter::notify(u32) {
    thread_.wake();
    return true;
}

u32 wait_generation() {
    return current_thread()->wake_word.load(std::memory_order_acquire);
}

namespace {

/// Waking a sleeping processor costs more than some microseconds of looking, if the other side runs on one of
/// its own. Looking that pays takes the place of that; looking in vain is what must be bounded: to five
/// microseconds a wait. They are saved up until they are as long as a waking takes, since a side that is
/// being woken meanwhile is met only then; who looked in vain begins to save anew.
void look_before_sleeping(Thread& thread, u32 generation) {
    constexpr u32 in_vain_for_a_wait = 5000, waking = 30000;
    constexpr int most_looks = 2000;  // where the clock stands still
    thread.look_time = min(thread.look_time + in_vain_for_a_wait, waking);
    if (thread.look_time < waking || !platform::spinning_pays()) return;
    const u64 end = platform::monotonic_ns() + waking;
    for (int i = 0; i < most_looks && platform::monotonic_ns() < end; i++) {
        if (thread.wake_word.load(std::memory_order_acquire) != generation) return;
        asm volatile("pause");
    }
    thread.look_time = 0;
}

}  // namespace

Result<void> block(u32 generation, u64 deadline, Interruptible interruptible) {
    Thread& thread = *current_thread();
    constexpr u32 interrupting = work_signal | work_exit | work_stop;
    if ((thread.work.load(std::memory_order_relaxed) & work_file_signal) != 0) send_file_signals();
    if (interruptible == Interruptible::yes &&
        (thread.work.load(std::memory_order_acquire) & interrupting) != 0)
        return Errno::restartsys;
    if (deadline != platform::no_deadline && deadline <= platform::monotonic_ns()) return Errno::etimedout;
    thread.state.store(interruptible == Interruptible::yes ? 'S' : 'D', std::memory_order_relaxed);
    thread.voluntary_switches++;
    look_before_sleeping(thread, generation);
    auto result = platform::park(thread.wake_word, generation, deadline);
    thread.state.store('R', std::memory_order_relaxed);
    // A wake-up that raced with the deadline counts as a wake-up: the caller looks at its condition once
    // more.
    if (result == platform::ParkResult::timed_out &&
        thread.wake_word.load(std::memory_order_acquire) == generation)
        return Errno::etimedout;
    return {};
}

}  // namespace litebox
