#include "core/task/futex.h"

#include "core/kernel.h"
#include "core/memory/user.h"
#include "core/task/futex_waiter.h"
#include "core/task/thread.h"

namespace litebox {

Result<FutexTable*> FutexTable::create() {
    auto table = TRY(make_own<FutexTable>());
    void* memory = heap_allocate(sizeof(Bucket) * bucket_count);
    if (memory == nullptr) return Errno::enomem;
    table->buckets_ = static_cast<Bucket*>(memory);
    for (u32 i = 0; i < bucket_count; i++) new (&table->buckets_[i]) Bucket;
    return table.release();
}

FutexTable::Bucket& FutexTable::bucket(const FutexKey& key) {
    u64 hash = (reinterpret_cast<u64>(key.object) ^ key.offset >> 2) * 0x9e3779b97f4a7c15;
    return buckets_[hash >> 56];
}

Result<FutexKey> futex_key(FutexAddress word) {
    if ((word.address & 3) != 0) return Errno::einval;
    AddressSpace& space = *current_thread()->space;
    if (!word.shared) return FutexKey{&space, word.address};
    auto place = TRY(space.identify(word.address));
    return FutexKey{place.object, place.offset};
}

FutexBuckets::FutexBuckets(const FutexKey& a, const FutexKey& b)
    : first_(&kernel().futexes->bucket(a)), second_(&kernel().futexes->bucket(b)) {
    if (first_ > second_) std::swap(first_, second_);
    first_->mutex.lock();
    if (second_ != first_) second_->mutex.lock();
}
FutexBuckets::~FutexBuckets() {
    if (second_ != first_) second_->mutex.unlock();
    first_->mutex.unlock();
}

FutexTable::Bucket& lock_bucket_of(FutexWaiter& waiter) {
    // A requeue may move the waiter between the read and the lock.
    for (;;) {
        auto* bucket = waiter.bucket.load(std::memory_order_acquire);
        bucket->mutex.lock();
        if (waiter.bucket.load(std::memory_order_relaxed) == bucket) return *bucket;
        bucket->mutex.unlock();
    }
}

void enqueue(FutexTable::Bucket& bucket, FutexWaiter& waiter, const FutexKey& key) {
    waiter.key = key;
    waiter.bucket.store(&bucket, std::memory_order_release);
    bucket.waiters.push_back(&waiter);
}

void wake_waiter(FutexWaiter& waiter) {
    // Once `woken` is set the waiter may leave and its stack go: take the thread first.
    Ref<Thread> thread(waiter.thread);
    waiter.node.unlink();
    waiter.woken.store(true, std::memory_order_release);
    thread->wake();
}

/// Loads the word under a bucket lock; on a fault drops the lock, brings the page in, and says to retry.
LITEBOX_NO_ANALYSIS Result<u32> load_user_word(u64 address, FutexTable::Bucket& bucket, bool& retry) {
    retry = false;
    auto value = platform::load_word(address);
    if (value.ok()) return value;
    bucket.mutex.unlock();
    auto present = fault_in(address, sizeof(u32), false);
    bucket.mutex.lock();
    if (!present.ok()) return present.error();
    retry = true;
    return u32{0};
}

namespace {

/// Leaves the queue unless somebody took the waiter off; true if it was woken.
LITEBOX_NO_ANALYSIS bool leave(FutexWaiter& waiter) {
    if (waiter.woken.load(std::memory_order_acquire)) return true;
    auto& bucket = lock_bucket_of(waiter);
    bool woken = waiter.woken.load(std::memory_order_acquire);
    if (!woken && waiter.node.linked()) waiter.node.unlink();
    bucket.mutex.unlock();
    return woken;
}

Result<void> queue_if_equal(FutexWaiter& waiter, FutexAddress word, u32 expected) {
    FutexKey key = TRY(futex_key(word));
    auto& bucket = kernel().futexes->bucket(key);
    LockGuard guard(bucket.mutex);
    bool retry = false;
    u32 value;
    do value = TRY(load_user_word(word.address, bucket, retry));
    while (retry);
    if (value != expected) return Errno::eagain;
    enqueue(bucket, waiter, key);
    return {};
}

u32 wake_matching(FutexTable::Bucket& bucket, const FutexKey& key, u32 count, u32 bit_set) {
    u32 woken = 0;
    for (FutexWaiter& waiter : bucket.waiters) {
        if (woken >= count) break;
        if (waiter.key != key || (waiter.bit_set & bit_set) == 0 || waiter.priority_inheritance) continue;
        wake_waiter(waiter);
        woken++;
    }
    return woken;
}

Result<u32> apply_operation(u64 address, u32 operation, FutexBuckets&) {
    u32 argument = static_cast<u32>(static_cast<i32>(operation << 8) >> 20);  // twelve bits with a sign
    if ((operation >> 28 & 8) != 0) argument = u32{1} << (argument & 31);
    for (;;) {
        u32 old = TRY(platform::load_word(address));
        u32 value;
        switch (operation >> 28 & 7) {
            case 0:
                value = argument;
                break;
            case 1:
                value = old + argument;
                break;
            case 2:
                value = old | argument;
                break;
            case 3:
                value = old & ~argument;
                break;
            case 4:
                value = old ^ argument;
                break;
            default:
                return Errno::enosys;
        }
        if (TRY(platform::compare_exchange_word(address, old, value)) == old) return old;
    }
}

Result<bool> compare_operation(u32 old, u32 operation) {
    i32 argument = static_cast<i32>(operation << 20) >> 20;
    i32 value = static_cast<i32>(old);
    switch (operation >> 24 & 15) {
        case 0:
            return value == argument;
        case 1:
            return value != argument;
        case 2:
            return value < argument;
        case 3:
            return value <= argument;
        case 4:
            return value > argument;
        case 5:
            return value >= argument;
        default:
            return Errno::enosys;
    }
}

}  // namespace

Result<void> wait_for_wake(FutexWaiter& waiter, u64 deadline) {
    for (;;) {
        u32 generation = wait_generation();
        if (waiter.woken.load(std::memory_order_acquire)) return {};
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return leave(waiter) ? Result<void>() : result;
    }
}

Result<void> futex_wait(FutexAddress word, u32 expected, u32 bit_set, u64 deadline) {
    if (bit_set == 0) return Errno::einval;
    FutexWaiter waiter(*current_thread());
    waiter.bit_set = bit_set;
    TRY(queue_if_equal(waiter, word, expected));
    return wait_for_wake(waiter, deadline);
}

Result<u32> futex_wake(FutexAddress word, u32 count, u32 bit_set) {
    if (bit_set == 0) return Errno::einval;
    FutexKey key = TRY(futex_key(word));
    auto& bucket = kernel().futexes->bucket(key);
    WakeBatch wakes;
    LockGuard guard(bucket.mutex);
    return wake_matching(bucket, key, count, bit_set);
}

Result<u32> futex_requeue(FutexAddress from, u32 wake_count, u32 move_count, FutexAddress to,
                          const u32* compare) {
    FutexKey from_key = TRY(futex_key(from)), to_key = TRY(futex_key(to));
    for (;;) {
        {
            WakeBatch wakes;
            FutexBuckets buckets(from_key, to_key);
            auto& source = kernel().futexes->bucket(from_key);
            auto& target = kernel().futexes->bucket(to_key);
            auto value = compare != nullptr ? platform::load_word(from.address) : Result<u32>(u32{0});
            if (value.ok()) {
                if (compare != nullptr && value.value() != *compare) return Errno::eagain;
                u32 woken = wake_matching(source, from_key, wake_count, futex_match_any), moved = 0;
                for (FutexWaiter& waiter : source.waiters) {
                    if (moved >= move_count) break;
                    if (waiter.key != from_key || waiter.priority_inheritance) continue;
                    waiter.node.unlink();
                    enqueue(target, waiter, to_key);
                    moved++;
                }
                return woken + moved;
            }
        }
        TRY(fault_in(from.address, sizeof(u32), false));
    }
}

Result<u32> futex_wake_operation(FutexAddress first, u32 wake_count, FutexAddress second, u32 second_count,
                                 u32 operation) {
    FutexKey first_key = TRY(futex_key(first)), second_key = TRY(futex_key(second));
    for (;;) {
        {
            WakeBatch wakes;
            FutexBuckets buckets(first_key, second_key);
            auto old = apply_operation(second.address, operation, buckets);
            if (old.ok()) {
                bool also = TRY(compare_operation(old.value(), operation));
                u32 woken = wake_matching(kernel().futexes->bucket(first_key), first_key, wake_count,
                                          futex_match_any);
                if (also)
                    woken += wake_matching(kernel().futexes->bucket(second_key), second_key, second_count,
                                           futex_match_any);
                return woken;
            }
            if (old.error() != Errno::efault) return old.error();
        }
        TRY(fault_in(second.address, sizeof(u32), true));
    }
}

Result<u32> futex_wait_many(const FutexWaitRow* rows, u32 count, u64 deadline) {
    Thread& thread = *current_thread();
    Vector<Own<FutexWaiter>> waiters;
    auto leave_all = [&]() -> int {
        int woken = -1;
        for (usize i = waiters.size(); i > 0; i--)
            if (leave(*waiters[i - 1])) woken = static_cast<int>(i - 1);
        return woken;
    };
    for (u32 i = 0; i < count; i++) {
        auto waiter = make_own<FutexWaiter>(thread);
        Result<void> queued = waiter.ok() ? queue_if_equal(*waiter.value(), rows[i].word, rows[i].expected)
                                          : Result<void>(waiter.error());
        if (queued.ok()) queued = waiters.push(std::move(waiter).value());
        if (!queued.ok()) {
            int woken = leave_all();
            if (woken >= 0) return static_cast<u32>(woken);
            return queued.error();
        }
    }
    for (;;) {
        u32 generation = wait_generation();
        for (u32 i = 0; i < count; i++)
            if (waiters[i]->woken.load(std::memory_order_acquire)) {
                (void)leave_all();
                return i;
            }
        auto result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        int woken = leave_all();
        if (woken >= 0) return static_cast<u32>(woken);
        return result.error();
    }
}

}  // namespace litebox
