// Priority-inheritance futexes and robust lists. Scheduling is the host's, so no priority is lent; ownership,
// hand-over, error checks and owner death are as futex(2) and the kernel's robust-futex-ABI documentation
// say.

#include "core/kernel.h"
#include "core/task/futex_waiter.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

FutexWaiter* next_pi_waiter(FutexTable::Bucket& bucket, const FutexKey& key, FutexWaiter* except) {
    for (FutexWaiter& waiter : bucket.waiters)
        if (waiter.key == key && waiter.priority_inheritance && &waiter != except) return &waiter;
    return nullptr;
}

enum class Attempt : u8 { owned, wait, retry };

/// Whom the word named as its owner, and whether such a thread was there.
struct Owner {
    u32 tid = 0;
    bool there = false;
};

/// Asked before the bucket is locked: the task table's lock goes first.
Owner look_at_owner(u64 address) {
    auto word = platform::load_word(address);
    u32 tid = word.ok() ? word.value() & futex_tid_mask : 0;
    return {tid, tid != 0 && tasks().find_thread(static_cast<i32>(tid))};
}

/// One try to own the word for `tid`, or to mark that somebody waits. Under the bucket's lock.
Result<Attempt> try_own(u64 address, u32 tid, FutexTable::Bucket& bucket, const FutexKey& key,
                        const Owner& seen, bool will_wait) {
    u32 word = TRY(platform::load_word(address));
    u32 owner = word & futex_tid_mask;
    if (owner == tid) return Errno::edeadlk;
    if (owner == 0) {
        u32 others = next_pi_waiter(bucket, key, nullptr) != nullptr ? futex_waiters : 0;
        u32 wanted = tid | others | (word & futex_owner_died);
        return TRY(platform::compare_exchange_word(address, word, wanted)) == word ? Attempt::owned
                                                                                   : Attempt::retry;
    }
    if (!will_wait) return Errno::eagain;
    if (owner != seen.tid) return Attempt::retry;
    if (!seen.there) return Errno::esrch;
    if ((word & futex_waiters) != 0) return Attempt::wait;
    return TRY(platform::compare_exchange_word(address, word, word | futex_waiters)) == word ? Attempt::wait
                                                                                             : Attempt::retry;
}

/// Makes `to` the owner in the word and wakes it.
Result<void> hand_over(u64 address, FutexTable::Bucket& bucket, FutexWaiter& to, u32 keep) {
    u32 wanted = static_cast<u32>(to.thread->tid) | keep;
    if (next_pi_waiter(bucket, to.key, &to) != nullptr) wanted |= futex_waiters;
    for (;;) {
        u32 word = TRY(platform::load_word(address));
        if (TRY(platform::compare_exchange_word(address, word, wanted)) == word) break;
    }
    wake_waiter(to);
    return {};
}

}  // namespace

Result<void> futex_lock_pi(FutexAddress word, u64 deadline, bool try_only) {
    FutexKey key = TRY(futex_key(word));
    auto& bucket = kernel().futexes->bucket(key);
    u32 tid = static_cast<u32>(current_thread()->tid);
    FutexWaiter waiter(*current_thread());
    waiter.priority_inheritance = true;
    for (;;) {
        Owner seen = look_at_owner(word.address);
        {
            LockGuard guard(bucket.mutex);
            auto attempt = try_own(word.address, tid, bucket, key, seen, !try_only);
            if (attempt.ok()) {
                if (attempt.value() == Attempt::owned) return {};
                if (attempt.value() == Attempt::retry) continue;
                enqueue(bucket, waiter, key);
                break;
            }
            if (attempt.error() != Errno::efault) return attempt.error();
        }
        TRY(fault_in(word.address, sizeof(u32), true));
    }
    auto result = wait_for_wake(waiter, deadline);
    // FUTEX_LOCK_PI is restarted after a signal without a look at SA_RESTART.
    if (!result.ok() && result.error() == Errno::restartsys) return Errno::restartnointr;
    return result;
}

Result<void> futex_unlock_pi(FutexAddress word) {
    FutexKey key = TRY(futex_key(word));
    auto& bucket = kernel().futexes->bucket(key);
    u32 tid = static_cast<u32>(current_thread()->tid);
    for (;;) {
        {
            LockGuard guard(bucket.mutex);
            auto value = platform::load_word(word.address);
            if (value.ok()) {
                if ((value.value() & futex_tid_mask) != tid) return Errno::eperm;
                if (FutexWaiter* next = next_pi_waiter(bucket, key, nullptr))
                    return hand_over(word.address, bucket, *next, 0);
                auto swapped = platform::compare_exchange_word(word.address, value.value(), 0);
                if (swapped.ok() && swapped.value() == value.value()) return {};
                if (swapped.ok()) continue;
            }
        }
        TRY(fault_in(word.address, sizeof(u32), true));
    }
}

Result<void> futex_wait_requeue_pi(FutexAddress word, u32 expected, u64 deadline, FutexAddress target) {
    FutexKey key = TRY(futex_key(word));
    FutexKey target_key = TRY(futex_key(target));
    if (key == target_key) return Errno::einval;
    auto& bucket = kernel().futexes->bucket(key);
    FutexWaiter waiter(*current_thread());
    waiter.priority_inheritance = true;
    {
        LockGuard guard(bucket.mutex);
        bool retry = false;
        u32 value;
        do value = TRY(load_user_word(word.address, bucket, retry));
        while (retry);
        if (value != expected) return Errno::eagain;
        enqueue(bucket, waiter, key);
    }
    auto result = wait_for_wake(waiter, deadline);
    if (!result.ok() && result.error() == Errno::restartsys)
        return waiter.requeued ? Errno::restartnointr : Errno::eagain;
    return result;
}

Result<u32> futex_requeue_pi(FutexAddress from, u32 move_count, FutexAddress to, u32 expected) {
    FutexKey from_key = TRY(futex_key(from)), to_key = TRY(futex_key(to));
    if (from_key == to_key) return Errno::einval;
    TRY(fault_in(from.address, sizeof(u32), false));
    TRY(fault_in(to.address, sizeof(u32), true));
    Owner seen = look_at_owner(to.address);
    WakeBatch wakes;
    FutexBuckets buckets(from_key, to_key);
    auto& source = kernel().futexes->bucket(from_key);
    auto& target = kernel().futexes->bucket(to_key);
    if (TRY(platform::load_word(from.address)) != expected) return Errno::eagain;
    u32 done = 0;
    for (FutexWaiter& waiter : source.waiters) {
        if (done > move_count) break;
        if (waiter.key != from_key || !waiter.priority_inheritance) continue;
        u32 tid = static_cast<u32>(waiter.thread->tid);
        auto attempt = TRY(try_own(to.address, tid, target, to_key, seen, true));
        if (attempt == Attempt::retry) break;
        if (attempt == Attempt::owned) {
            seen = {tid, true};
            wake_waiter(waiter);
        } else {
            waiter.requeued = true;
            waiter.node.unlink();
            enqueue(target, waiter, to_key);
        }
        done++;
    }
    return done;
}

namespace {

/// The word of a lock that its dead owner held: OWNER_DIED is set and one waiter woken (or given a PI lock).
void mark_owner_died(Thread& thread, u64 address, bool priority_inheritance) {
    for (;;) {
        if (!fault_in(address, sizeof(u32), true).ok()) return;
        auto word = platform::load_word(address);
        if (!word.ok() || (word.value() & futex_tid_mask) != static_cast<u32>(thread.tid)) return;
        u32 dead = (word.value() & futex_waiters) | futex_owner_died;
        auto swapped = platform::compare_exchange_word(address, word.value(), dead);
        if (!swapped.ok()) return;
        if (swapped.value() != word.value()) continue;
        if ((word.value() & futex_waiters) == 0) return;
        if (!priority_inheritance) {
            (void)futex_wake({address, true}, 1, futex_match_any);
            (void)futex_wake({address, false}, 1, futex_match_any);
            return;
        }
        for (bool shared : {false, true}) {
            auto key = futex_key({address, shared});
            if (!key.ok()) continue;
            auto& bucket = kernel().futexes->bucket(key.value());
            WakeBatch wakes;
            LockGuard guard(bucket.mutex);
            if (FutexWaiter* next = next_pi_waiter(bucket, key.value(), nullptr)) {
                (void)hand_over(address, bucket, *next, futex_owner_died);
                return;
            }
        }
        return;
    }
}

}  // namespace

void release_robust_list(Thread& thread) {
    struct Head {
        u64 first;
        i64 word_offset;
        u64 pending;
    };
    u64 end = std::exchange(thread.robust_list, 0);  // the list's last element points back to its head
    if (end == 0) return;
    auto head = UserPtr<const Head>(end).read();
    if (!head.ok()) return;
    constexpr int longest_list = 2048;  // ROBUST_LIST_LIMIT: a circular list must not hold us
    u64 entry = head.value().first;
    for (int i = 0; i < longest_list && (entry & ~u64{1}) != end; i++) {
        bool priority_inheritance = (entry & 1) != 0;
        u64 node = entry & ~u64{1};
        auto next = UserPtr<const u64>(node).read();
        if (node != (head.value().pending & ~u64{1}))
            mark_owner_died(thread, node + static_cast<u64>(head.value().word_offset), priority_inheritance);
        if (!next.ok()) return;
        entry = next.value();
    }
    if ((head.value().pending & ~u64{1}) != 0)
        mark_owner_died(thread, (head.value().pending & ~u64{1}) + static_cast<u64>(head.value().word_offset),
                        (head.value().pending & 1) != 0);
}

}  // namespace litebox
