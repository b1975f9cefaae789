#include "core/base/lock.h"

#include "platform/platform.h"

namespace litebox {

namespace {
constexpr int spins = 100;

void pause() {
    asm volatile("pause");
}
}  // namespace

void Mutex::lock_slow() {
    if (platform::spinning_pays()) {
        for (int i = 0; i < spins; i++) {
            u32 expected = 0;
            if (state_.load(std::memory_order_relaxed) == 0 &&
                state_.compare_exchange_weak(expected, 1, std::memory_order_acquire))
                return;
            pause();
        }
    }
    while (state_.exchange(2, std::memory_order_acquire) != 0)
        platform::park(state_, 2, platform::no_deadline);
}

void Mutex::unlock_slow() {
    platform::unpark(state_, 1);
}

#ifndef LITEBOX_FREESTANDING
void watch_acquired(LockRank rank, bool tried) {
    LockWatch& watch = lock_watch;
    constexpr usize capacity = sizeof(watch.ranks) / sizeof(watch.ranks[0]);
    if (watch.held == capacity) platform::panic("too many locks held");
    if (!tried && watch.held > 0 && watch.ranks[watch.held - 1] > rank)
        platform::panic("lock taken out of rank order");
    watch.ranks[watch.held++] = rank;
    if (watch.point != nullptr) watch.point(true);
}

void watch_released(LockRank rank) {
    // Locks may be released in any order: take out the innermost entry of this rank.
    LockWatch& watch = lock_watch;
    usize at = watch.held;
    while (at > 0 && watch.ranks[at - 1] != rank) at--;
    if (at == 0) platform::panic("lock released that was not held");
    for (; at < watch.held; at++) watch.ranks[at - 1] = watch.ranks[at];
    watch.held--;
}
#endif

void SharedMutex::lock() {
    writer_.lock();
    u32 readers = state_.fetch_or(writing, std::memory_order_acq_rel);
    while (readers != 0) {
        platform::park(state_, readers | writing, platform::no_deadline);
        readers = state_.load(std::memory_order_acquire) & ~writing;
    }
}

void SharedMutex::unlock() {
    state_.fetch_and(~writing, std::memory_order_release);
    drained_.fetch_add(1, std::memory_order_release);
    platform::unpark(drained_, ~u32{0});
    writer_.unlock();
}

void SharedMutex::lock_shared() {
    for (;;) {
        u32 turn = drained_.load(std::memory_order_acquire);
        if ((state_.fetch_add(1, std::memory_order_acquire) & writing) == 0) break;
        leave();
        if ((state_.load(std::memory_order_acquire) & writing) != 0)
            platform::park(drained_, turn, platform::no_deadline);
    }
#ifndef LITEBOX_FREESTANDING
    watch_acquired(rank_, false);
#endif
}

void SharedMutex::unlock_shared() {
#ifndef LITEBOX_FREESTANDING
    watch_released(rank_);
#endif
    leave();
}

/// One reader fewer.
void SharedMutex::leave() {
    u32 before = state_.fetch_sub(1, std::memory_order_release);
    if ((before & writing) != 0) platform::unpark(state_, 1);
}

}  // namespace litebox
