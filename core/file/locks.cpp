#include "core/file/locks.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "core/task/process.h"

namespace litebox {

namespace {

using Type = RecordLock::Type;

Result<InodeLocks*> locks_of(File& file) {
    Ref<Inode> inode = file.inode();
    if (!inode) return Errno::ebadf;
    InodeExtra* extra = TRY(inode->extra());
    LockGuard guard(extra->mutex);
    if (!extra->locks) extra->locks = TRY(make_own<InodeLocks>());
    return extra->locks.get();
}

InodeLocks* existing_locks(Inode* inode) {
    InodeExtra* extra = inode == nullptr ? nullptr : inode->extra_if_any();
    if (extra == nullptr) return nullptr;
    LockGuard guard(extra->mutex);
    return extra->locks.get();
}

bool conflict(const RecordLock& a, const RecordLock& b) {
    if (a.owner == b.owner && a.of_file == b.of_file) return false;
    if (a.end <= b.start || b.end <= a.start) return false;
    return a.type == Type::write || b.type == Type::write;
}

const RecordLock* find_conflict(InodeLocks& locks, const RecordLock& lock) {
    for (const RecordLock& held : locks.records)
        if (conflict(held, lock)) return &held;
    return nullptr;
}

// Replaces what the owner has in the range; neighbours of one type become one lock.
Result<void> apply(InodeLocks& locks, RecordLock lock) {
    TRY(locks.records.reserve(locks.records.size() + 2));
    for (usize i = 0; i < locks.records.size();) {
        RecordLock& held = locks.records[i];
        bool same_owner = held.owner == lock.owner && held.of_file == lock.of_file;
        bool touches = held.end >= lock.start && held.start <= lock.end;
        if (!same_owner || !touches) {
            i++;
            continue;
        }
        if (held.type == lock.type) {
            lock.start = min(lock.start, held.start);
            lock.end = max(lock.end, held.end);
            locks.records.remove(i);
            continue;
        }
        if (held.end == lock.start || held.start == lock.end) {
            i++;
            continue;
        }
        RecordLock before = held, after = held;
        before.end = lock.start;
        after.start = lock.end;
        bool keep_before = held.start<lock.start, keep_after = held.end> lock.end;
        locks.records.remove(i);
        if (keep_before) TRY(locks.records.push(before));
        if (keep_after) TRY(locks.records.push(after));
        if (keep_before || keep_after) i = 0;
    }
    if (lock.type != Type::unlock) TRY(locks.records.push(lock));
    return {};
}

// Whether `owner` would wait, through others, for itself.
bool would_deadlock(LockWaits& waits, const void* owner, const void* blocked_by) {
    for (int depth = 0; depth < 64; depth++) {
        if (blocked_by == owner) return true;
        const void* next = nullptr;
        for (LockWait& wait : waits.waits)
            if (wait.owner == blocked_by) next = wait.blocked_by;
        if (next == nullptr) return false;
        blocked_by = next;
    }
    return false;
}

class WaitEntry : Pinned {
  public:
    WaitEntry(LockWaits& waits, const void* owner) : waits_(waits) {
        wait_.owner = owner;
        wait_.blocked_by = nullptr;
        LockGuard guard(waits_.mutex);
        waits_.waits.push_back(&wait_);
    }
    ~WaitEntry() {
        LockGuard guard(waits_.mutex);
        waits_.waits.remove(&wait_);
    }
    /// False: waiting for `other` would never end.
    bool blocked_by(const void* other) {
        LockGuard guard(waits_.mutex);
        if (would_deadlock(waits_, wait_.owner, other)) return false;
        wait_.blocked_by = other;
        return true;
    }

  private:
    LockWaits& waits_;
    LockWait wait_;
};

/// Holds other changes of an inode's locks off while the host is asked about one.
class OutsideTurn : Pinned {
  public:
    explicit OutsideTurn(InodeLocks& locks) : locks_(locks) {
        while (locks_.asking_outside.exchange(true, std::memory_order_acquire)) platform::yield();
    }
    ~OutsideTurn() { locks_.asking_outside.store(false, std::memory_order_release); }

  private:
    InodeLocks& locks_;
};

/// What all locks in [at, ...) that begin or end nowhere before `*end` come to.
Type union_at(const InodeLocks& locks, u64 at, u64* end) {
    Type type = Type::unlock;
    for (const RecordLock& held : locks.records) {
        if (held.start > at) *end = min(*end, held.start);
        if (held.start > at || held.end <= at) continue;
        *end = min(*end, held.end);
        if (held.type == Type::write || type == Type::unlock) type = held.type;
    }
    return type;
}

/// After locks in a range went: the host keeps what is left there.
void lower_outside(InodeLocks& locks, Inode& inode, u64 start, u64 end) {
    while (start < end) {
        u64 next = end;
        Type type;
        {
            LockGuard guard(locks.mutex);
            type = union_at(locks, start, &next);
        }
        (void)inode.lock_outside(static_cast<u32>(type), start, next);
        start = next;
    }
}

/// One attempt at a lock that the host has to give too. EAGAIN: somebody has one that stands in the way;
/// `*blocker` says who, if it is somebody inside.
Result<void> try_outside(InodeLocks& locks, Inode& inode, const RecordLock& lock, const void** blocker) {
    OutsideTurn turn(locks);
    *blocker = nullptr;
    if (lock.type != Type::unlock) {
        {
            LockGuard guard(locks.mutex);
            const RecordLock* other = find_conflict(locks, lock);
            if (other != nullptr && !other->of_file) *blocker = other->owner;
            if (other != nullptr) return Errno::eagain;
        }
        TRY(inode.lock_outside(static_cast<u32>(lock.type), lock.start, lock.end));
    }
    Result<void> applied = [&] {
        LockGuard guard(locks.mutex);
        return apply(locks, lock);
    }();
    if (lock.type == Type::unlock || !applied.ok()) lower_outside(locks, inode, lock.start, lock.end);
    locks.changed.wake(0);
    return applied;
}

Result<void> set_lock_outside(InodeLocks& locks, Inode& inode, const RecordLock& lock, bool wait) {
    // Nobody tells when a lock outside ends.
    constexpr u64 look_again_ns = 10'000'000;
    WaitEntry entry(kernel().files->lock_waits, lock.of_file ? nullptr : lock.owner);
    for (;;) {
        u32 generation = wait_generation();
        ThreadWaiter waiter(*current_thread());
        ThreadWaiter::Scope scope(locks.changed, waiter);
        const void* blocker;
        auto outcome = try_outside(locks, inode, lock, &blocker);
        if (outcome.ok() || outcome.error() != Errno::eagain || !wait) return outcome;
        if (!lock.of_file && blocker != nullptr && !entry.blocked_by(blocker)) return Errno::edeadlk;
        auto waited = block(generation, platform::monotonic_ns() + look_again_ns, Interruptible::yes);
        if (!waited.ok() && waited.error() != Errno::etimedout) return waited;
    }
}

/// Record locks that are about to go, for lower_outside.
struct Extent {
    u64 start = ~u64{0}, end = 0;
    void add(const RecordLock& lock) {
        start = min(start, lock.start);
        end = max(end, lock.end);
    }
};

}  // namespace

Result<void> set_record_lock(Thread&, File& file, const RecordLock& lock, bool wait) {
    InodeLocks* locks = TRY(locks_of(file));
    if (Ref<Inode> inode = file.inode(); inode->locks_outside())
        return set_lock_outside(*locks, *inode, lock, wait);
    Result<void> outcome = Errno::eagain;
    const void* blocker = nullptr;
    auto attempt = [&] {
        LockGuard guard(locks->mutex);
        const RecordLock* other = lock.type == Type::unlock ? nullptr : find_conflict(*locks, lock);
        if (other != nullptr) {
            blocker = other->of_file ? nullptr : other->owner;
            return false;
        }
        outcome = apply(*locks, lock);
        return true;
    };
    if (attempt()) {
        locks->changed.wake(0);
        return outcome;
    }
    if (!wait) return Errno::eagain;
    Ref<Inode> keep = file.inode();
    WaitEntry entry(kernel().files->lock_waits, lock.of_file ? nullptr : lock.owner);
    TRY(wait_until(locks->changed, platform::no_deadline, [&] {
        if (attempt()) return true;
        if (!lock.of_file && blocker != nullptr && !entry.blocked_by(blocker)) {
            outcome = Errno::edeadlk;
            return true;
        }
        return false;
    }));
    return outcome;
}

Result<RecordLock> find_record_lock(File& file, const RecordLock& lock) {
    Ref<Inode> inode = file.inode();
    RecordLock none;
    InodeLocks* locks = existing_locks(inode.get());
    if (locks == nullptr) return none;
    LockGuard guard(locks->mutex);
    const RecordLock* first = nullptr;
    for (const RecordLock& held : locks->records)
        if (conflict(held, lock) && (first == nullptr || held.start < first->start)) first = &held;
    return first == nullptr ? none : *first;
}

Result<void> lock_whole_file(Thread& thread, File& file, int operation, bool wait) {
    constexpr int shared = 1, exclusive = 2, unlock = 8;
    InodeLocks* locks = TRY(locks_of(file));
    Result<void> outcome = Errno::eagain;
    auto drop_own = [&] {
        for (usize i = 0; i < locks->whole.size(); i++) {
            if (locks->whole[i].file != &file) continue;
            locks->whole.remove(i);
            return true;
        }
        return false;
    };
    bool dropped;
    {
        // A change of kind gives the old lock up first, as the manual page says.
        LockGuard guard(locks->mutex);
        for (auto& held : locks->whole)
            if (held.file == &file && held.exclusive == (operation == exclusive) && operation != unlock)
                return {};
        dropped = drop_own();
    }
    if (dropped) locks->changed.wake(0);
    if (operation == unlock) return {};
    if (operation != shared && operation != exclusive) return Errno::einval;
    auto attempt = [&] {
        LockGuard guard(locks->mutex);
        for (auto& held : locks->whole)
            if (held.file != &file && (held.exclusive || operation == exclusive)) return false;
        drop_own();
        outcome =
            locks->whole.push(InodeLocks::WholeFile{&file, operation == exclusive, thread.process->pid});
        return true;
    };
    if (attempt()) return outcome;
    if (!wait) return Errno::eagain;
    TRY(wait_until(locks->changed, platform::no_deadline, attempt));
    return outcome;
}

namespace {

/// Ends the record locks that `mine` picks.
template <typename Mine>
bool end_record_locks(InodeLocks& locks, Inode& inode, Mine&& mine) {
    Extent gone;
    bool outside = inode.locks_outside();
    if (outside) {
        // Most files that are closed have none.
        LockGuard guard(locks.mutex);
        if (locks.records.empty()) return false;
    }
    auto end_them = [&] {
        LockGuard guard(locks.mutex);
        for (usize i = 0; i < locks.records.size();) {
            if (!mine(locks.records[i])) {
                i++;
                continue;
            }
            gone.add(locks.records[i]);
            locks.records.remove(i);
        }
    };
    if (outside) {
        OutsideTurn turn(locks);
        end_them();
        lower_outside(locks, inode, gone.start, gone.end);
    } else {
        end_them();
    }
    return gone.start < gone.end;
}

}  // namespace

void release_record_locks(File& file, const void* owner) {
    Inode* inode = file.path.valid() ? file.path.entry()->inode() : nullptr;
    InodeLocks* locks = existing_locks(inode);
    if (locks == nullptr) return;
    bool changed = end_record_locks(
        *locks, *inode, [&](const RecordLock& held) { return !held.of_file && held.owner == owner; });
    if (changed) locks->changed.wake(0);
}

void release_file_locks(File& file, Inode& inode) {
    InodeLocks* locks = existing_locks(&inode);
    if (locks == nullptr) return;
    bool changed = end_record_locks(
        *locks, inode, [&](const RecordLock& held) { return held.of_file && held.owner == &file; });
    {
        LockGuard guard(locks->mutex);
        for (usize i = 0; i < locks->whole.size(); i++) {
            if (locks->whole[i].file != &file) continue;
            locks->whole.remove(i);
            changed = true;
            break;
        }
    }
    if (changed) locks->changed.wake(0);
}

}  // namespace litebox
