// Advisory locks on files: flock(2), and fcntl(2)'s record locks of processes and of open file descriptions.
#pragma once

#include "core/base/vector.h"
#include "core/file/file.h"
#include "core/task/wait_queue.h"

namespace litebox {

class Thread;

/// struct flock, decoded: `start` and `end` (exclusive; ~0: to the end) are absolute.
struct RecordLock {
    enum class Type : u16 { read = 0, write = 1, unlock = 2 };  // values are Linux's F_RDLCK ...
    Type type = Type::unlock;
    u64 start = 0, end = ~u64{0};
    const void* owner = nullptr;  // a DescriptorTable (a process's locks), or a File (a description's)
    i32 pid = 0;                  // -1 for a description's
    bool of_file = false;
};

/// The locks of one inode.
class InodeLocks : Pinned {
  public:
    Mutex mutex{LockRank::inode};
    Vector<RecordLock> records;  // of one owner never overlapping
    struct WholeFile {
        const File* file;
        bool exclusive;
        i32 pid;
    };
    Vector<WholeFile> whole;
    WaitQueue changed;
    std::atomic<bool> asking_outside{false};  // one change at a time where the host is asked in between
};

/// Who waits for whom, for EDEADLK; one per sandbox (FileSystems::lock_waits).
struct LockWait {
    ListNode node;
    const void* owner;
    const void* blocked_by;
};
struct LockWaits : Pinned {
    Mutex mutex{LockRank::leaf};
    List<LockWait, &LockWait::node> waits;
};

/// F_SETLK (EAGAIN), F_SETLKW (waits; EDEADLK, restartsys) and their OFD forms.
Result<void> set_record_lock(Thread& thread, File& file, const RecordLock& lock, bool wait);
/// F_GETLK: the first lock that would stand in the way; type unlock: none.
Result<RecordLock> find_record_lock(File& file, const RecordLock& lock);
/// flock(2)'s LOCK_SH 1, LOCK_EX 2, LOCK_UN 8.
Result<void> lock_whole_file(Thread& thread, File& file, int operation, bool wait);

/// A descriptor of the process with this table (the owner) was closed: its record locks on that file end.
void release_record_locks(File& file, const void* owner);
/// The last reference to an open file ends: its flock and description locks end.
void release_file_locks(File& file, Inode& inode);

}  // namespace litebox
