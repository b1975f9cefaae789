// Internal to the futex files: waiters and buckets.
#pragma once

#include "core/task/futex.h"
#include "core/task/thread.h"
#include "core/task/wake_batch.h"

namespace litebox {

/// Lives on the waiting thread's core stack; its bucket's lock guards all but `woken`.
struct FutexWaiter : Pinned {
    explicit FutexWaiter(Thread& waiting) : thread(&waiting) {}
    ListNode node;
    Thread* thread;
    FutexKey key;
    u32 bit_set = futex_match_any;
    bool priority_inheritance = false;  // woken only by handing the lock over
    bool requeued = false;
    std::atomic<FutexTable::Bucket*> bucket{nullptr};
    std::atomic<bool> woken{false};
};

struct FutexTable::Bucket : Pinned {
    Mutex mutex{LockRank::futex};
    List<FutexWaiter, &FutexWaiter::node> waiters;
};

/// Locks the buckets of two keys in address order.
class FutexBuckets : Pinned {
  public:
    FutexBuckets(const FutexKey& a, const FutexKey& b) LITEBOX_NO_ANALYSIS;
    ~FutexBuckets() LITEBOX_NO_ANALYSIS;

  private:
    FutexTable::Bucket* first_;
    FutexTable::Bucket* second_;
};

Result<FutexKey> futex_key(FutexAddress word);
void enqueue(FutexTable::Bucket& bucket, FutexWaiter& waiter, const FutexKey& key);
void wake_waiter(FutexWaiter& waiter);
FutexTable::Bucket& lock_bucket_of(FutexWaiter& waiter) LITEBOX_NO_ANALYSIS;
Result<u32> load_user_word(u64 address, FutexTable::Bucket& bucket, bool& retry) LITEBOX_NO_ANALYSIS;
Result<void> wait_for_wake(FutexWaiter& waiter, u64 deadline);

}  // namespace litebox
