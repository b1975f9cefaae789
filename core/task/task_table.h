// All tasks by number: ids, processes, threads, process groups and sessions. Kernel::processes.
#pragma once

#include "core/task/process.h"

namespace litebox {

class TaskTable : Pinned {
  public:
    static Result<TaskTable*> create(u32 task_limit);

    Mutex mutex{LockRank::process_table};

    // The rest under `mutex` unless it says otherwise.

    /// Numbers the thread (and the process, when it is its first thread) and makes it findable. EAGAIN at the
    /// limit.
    Result<void> add(Thread& thread, Process& process, bool new_process);
    void remove_thread(Thread& thread);
    void remove_process(Process& process);
    /// exec from a thread that was not the leader: it takes the process's number.
    void renumber(Thread& thread, i32 tid);

    Process* process(i32 pid);
    Thread* thread(i32 tid);
    bool group_exists(i32 group, const Session* session = nullptr);
    /// No member's parent is outside the group but in the session: job control cannot resume it.
    bool group_orphaned(i32 group);

    List<Process, &Process::table_node> processes;
    Process* init = nullptr;  // pid 1: adopts orphans and forgets them
    u32 task_count = 0, task_limit = 0;
    u64 forks = 0;

    // Take the lock themselves.
    Ref<Process> find_process(i32 pid);
    Ref<Thread> find_thread(i32 tid);

  private:
    static constexpr u32 bucket_count = 1024;
    static constexpr i32 id_limit = 32768;
    Result<i32> allocate_id();
    List<Thread, &Thread::table_node> buckets_[bucket_count];
    i32 last_id_ = 0;
};

TaskTable& tasks();

}  // namespace litebox
