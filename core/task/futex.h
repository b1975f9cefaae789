// Futexes: all wait queues of futex(2) are ours; the host sees only the park words of sleeping threads.
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/result.h"

namespace litebox {

class Thread;
struct FutexWaiter;

/// What a futex word is, whoever maps it where.
struct FutexKey {
    const void* object = nullptr;  // an AddressSpace (private) or a MemoryObject (shared)
    u64 offset = 0;
    bool operator==(const FutexKey&) const = default;
};

/// Bits of a priority-inheritance or robust word (futex(2), linux/futex.h).
inline constexpr u32 futex_waiters = 0x80000000, futex_owner_died = 0x40000000, futex_tid_mask = 0x3fffffff;
inline constexpr u32 futex_match_any = ~u32{0};

struct FutexAddress {
    u64 address;
    bool shared;  // without FUTEX_PRIVATE_FLAG
};

// Each answers as futex(2) says; EFAULT and EINVAL for bad addresses. Deadlines are monotonic nanoseconds.

Result<void> futex_wait(FutexAddress word, u32 expected, u32 bit_set, u64 deadline);
Result<u32> futex_wake(FutexAddress word, u32 count, u32 bit_set);
/// With `compare`, EAGAIN unless the word still equals *compare. Returns woken, and moved too with `compare`.
Result<u32> futex_requeue(FutexAddress from, u32 wake_count, u32 move_count, FutexAddress to,
                          const u32* compare);
Result<u32> futex_wake_operation(FutexAddress first, u32 wake_count, FutexAddress second, u32 second_count,
                                 u32 operation);
Result<void> futex_lock_pi(FutexAddress word, u64 deadline, bool try_only);
Result<void> futex_unlock_pi(FutexAddress word);
Result<void> futex_wait_requeue_pi(FutexAddress word, u32 expected, u64 deadline, FutexAddress target);
Result<u32> futex_requeue_pi(FutexAddress from, u32 move_count, FutexAddress to, u32 expected);

struct FutexWaitRow {
    FutexAddress word;
    u32 expected;
};
/// futex_waitv(2): index of a row that was woken.
Result<u32> futex_wait_many(const FutexWaitRow* rows, u32 count, u64 deadline);

/// The list of robust locks that a dying thread holds, set by set_robust_list(2).
void release_robust_list(Thread& thread);

class FutexTable : Pinned {
  public:
    static Result<FutexTable*> create();
    struct Bucket;
    Bucket& bucket(const FutexKey& key);

  private:
    static constexpr u32 bucket_count = 256;
    Bucket* buckets_ = nullptr;
};

}  // namespace litebox
