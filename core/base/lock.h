// Mutex, reader-writer lock, and Guarded<T>, which hands its data out only under its lock.
//
// Locks live in memory that all processes of the sandbox share. They are held for short, bounded work: never
// over a blocking host call and never while guest memory is touched in a way that can wait. Ranks say the
// order: a thread takes locks in ascending rank only (checked in hosted builds).
#pragma once

#include <atomic>

#include "core/base/types.h"

#if defined(__clang__)
#define LITEBOX_CAPABILITY(name) __attribute__((capability(name)))
#define LITEBOX_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define LITEBOX_GUARDED_BY(lock) __attribute__((guarded_by(lock)))
#define LITEBOX_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define LITEBOX_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define LITEBOX_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define LITEBOX_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define LITEBOX_NO_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define LITEBOX_CAPABILITY(name)
#define LITEBOX_SCOPED_CAPABILITY
#define LITEBOX_GUARDED_BY(lock)
#define LITEBOX_REQUIRES(...)
#define LITEBOX_ACQUIRE(...)
#define LITEBOX_RELEASE(...)
#define LITEBOX_TRY_ACQUIRE(...)
#define LITEBOX_NO_ANALYSIS
#endif

namespace litebox {

/// Ascending order of acquisition. Two locks of one rank may be held together only where the comment says in
/// which order.
enum class LockRank : u8 {
    mounts,
    rename,     // one per file system: serialises renames of directories
    directory,  // inode; ancestors before descendants, else by address
    process_table,
    process,  // by pid
    space,    // an address space's mapping tree
    signals,
    epoll,   // outer epoll before inner
    socket,  // by address
    descriptor_table,
    file,   // open file description: offset, flags
    inode,  // attributes, file contents layout
    pipe,   // by address
    terminal,
    memory_object,
    futex,  // by bucket address
    timers,
    wait_queue,
    cache,
    heap,
    pages,
    leaf,  // nothing is taken under it
};

#ifndef LITEBOX_FREESTANDING
/// For tests: how many locks the calling thread holds, and what is called after each lock and unlock (there
/// another thread may be let go on).
struct LockWatch {
    usize held = 0;
    LockRank ranks[32] = {};
    void (*point)(bool locked) = nullptr;
};
inline thread_local LockWatch lock_watch;
/// Panics when the rank is out of order; who only tried waits for nobody, so any order is good.
void watch_acquired(LockRank rank, bool tried);
void watch_released(LockRank rank);
#endif

class LITEBOX_CAPABILITY("mutex") Mutex : Pinned {
  public:
    explicit Mutex(LockRank rank) : rank_(rank) {}
    void lock() LITEBOX_ACQUIRE() {
        u32 expected = 0;
        if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire)) lock_slow();
        note_acquired();
    }
    bool try_lock() LITEBOX_TRY_ACQUIRE(true) {
        u32 expected = 0;
        if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire)) return false;
        note_acquired(true);
        return true;
    }
    void unlock() LITEBOX_RELEASE() {
        note_released();
        if (state_.exchange(0, std::memory_order_release) == 2) unlock_slow();
        pass_point();
    }

  private:
    void lock_slow();
    void unlock_slow();
#ifdef LITEBOX_FREESTANDING
    void note_acquired(bool = false) {}
    void note_released() {}
    void pass_point() {}
#else
    void note_acquired(bool tried = false) {
        watch_acquired(rank_, tried);
    }
    void note_released() {
        watch_released(rank_);
    }
    static void pass_point() {
        if (lock_watch.point != nullptr) lock_watch.point(false);
    }
#endif
    std::atomic<u32> state_{0};  // 0 free, 1 held, 2 held and somebody may wait
    [[maybe_unused]] LockRank rank_;
};

class LITEBOX_SCOPED_CAPABILITY LockGuard : Pinned {
  public:
    explicit LockGuard(Mutex& mutex) LITEBOX_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~LockGuard() LITEBOX_RELEASE() { mutex_.unlock(); }

  private:
    Mutex& mutex_;
};

/// Many readers or one writer; writers go first. Readers only add to one word.
class LITEBOX_CAPABILITY("shared_mutex") SharedMutex : Pinned {
  public:
    explicit SharedMutex(LockRank rank) : rank_(rank), writer_(rank) {}
    void lock() LITEBOX_NO_ANALYSIS;
    void unlock() LITEBOX_NO_ANALYSIS;
    void lock_shared() LITEBOX_NO_ANALYSIS;
    void unlock_shared() LITEBOX_NO_ANALYSIS;

  private:
    void leave();
    static constexpr u32 writing = 1u << 31;
    [[maybe_unused]] LockRank rank_;
    Mutex writer_;
    std::atomic<u32> state_{0};  // `writing` | number of readers
    std::atomic<u32> drained_{0};
};

class WriteGuard : Pinned {
  public:
    explicit WriteGuard(SharedMutex& mutex) : mutex_(mutex) { mutex_.lock(); }
    ~WriteGuard() { mutex_.unlock(); }

  private:
    SharedMutex& mutex_;
};
class ReadGuard : Pinned {
  public:
    explicit ReadGuard(SharedMutex& mutex) : mutex_(mutex) { mutex_.lock_shared(); }
    ~ReadGuard() { mutex_.unlock_shared(); }

  private:
    SharedMutex& mutex_;
};

template <typename T, LockRank Rank>
class Guarded : Pinned {
  public:
    Guarded() : mutex_(Rank) {}
    /// Calls `body(T&)` under the lock and returns what it returns.
    template <typename Body>
    auto with(Body&& body) LITEBOX_NO_ANALYSIS {
        LockGuard guard(mutex_);
        return body(value_);
    }

  private:
    Mutex mutex_;
    T value_;
};

}  // namespace litebox
