// A process (thread group), its family, its process group and session.
//
// Locks: TaskTable::mutex guards the family tree, groups, sessions and what wait4 reports;
// Process::signal_mutex guards pending signals, stop and exit state, and the thread list.
#pragma once

#include "core/base/vector.h"
#include "core/task/thread.h"

namespace litebox {

class Terminal;
class TimerSet;

struct Session : RefCounted<Session> {
    i32 id = 0;
    i32 foreground_group = 0;      // of the controlling terminal
    Terminal* terminal = nullptr;  // cleared by the terminal when it goes away; guarded by the task table
};

enum Limit : int {
    limit_cpu,
    limit_fsize,
    limit_data,
    limit_stack,
    limit_core,
    limit_rss,
    limit_nproc,
    limit_nofile,
    limit_memlock,
    limit_as,
    limit_locks,
    limit_sigpending,
    limit_msgqueue,
    limit_nice,
    limit_rtprio,
    limit_rttime,
    limit_count
};
inline constexpr u64 limit_infinity = ~u64{0};
struct ResourceLimit {
    u64 soft = limit_infinity, hard = limit_infinity;
};

class Process final : public RefCounted<Process> {
  public:
    Process();
    ~Process();

    i32 pid = 0;

    // Family, under the table's lock. A zombie keeps its place until it is waited for.
    Process* parent = nullptr;
    ListNode sibling_node;
    List<Process, &Process::sibling_node> children;
    ListNode table_node;
    i32 group_id = 0;
    Ref<Session> session;
    int exit_signal = sigchld;
    i32 creator = 0;  // the thread of the parent that made it, for __WNOTHREAD
    bool child_subreaper = false;
    bool has_execed = false;

    // Under the table's lock: what wait4 and waitid report, each once.
    bool zombie = false;
    i32 exit_status = 0;      // wait(2) format
    int unreported_stop = 0;  // signal, 0: none
    bool unreported_continue = false;
    u32 last_uid = 0;        // changes under the signal lock
    ResourceUsage usage;     // of the dead process, filled at exit
    WaitQueue child_events;  // this process's waits for its children
    WaitQueue exit_event;    // it became a zombie: pidfd poll

    Mutex signal_mutex{LockRank::process};
    SignalQueue pending;     // process-directed
    WaitQueue signal_event;  // signalfd
    u32 queued_signals = 0;
    List<Thread, &Thread::group_node> threads;
    u32 live_threads = 0;
    bool group_exiting = false;
    i32 group_exit_status = 0;
    Thread* exec_survivor = nullptr;  // the thread that execs while the others leave
    bool stopped = false;
    WaitQueue thread_event;  // a thread left, or the process goes on
    Ref<SignalActions> actions;

    // Vfork: whoever created it sleeps here until exec or exit.
    Thread* vfork_parent = nullptr;

    // Fixed at exec; guarded by signal_mutex.
    Vector<char> command_line;  // as /proc/PID/cmdline
    Vector<char> environment;
    Vector<u64> auxiliary;
    Ref<class File> executable;
    String executable_path;

    Mutex limits_mutex{LockRank::leaf};
    ResourceLimit limits[limit_count];
    ResourceUsage dead_threads, dead_children;
    std::atomic<TimerSet*> timers{nullptr};  // made when first needed
    u64 start_ns = 0;
    bool dumpable = true;
    i32 oom_score_adjust = 0;
    u32 personality = 0;
    bool huge_pages_disabled = false;
    u32 barriers_registered = 0;  // membarrier(2) commands that this program announced; gone at exec

    /// The current soft limit.
    u64 limit(Limit which) {
        LockGuard guard(limits_mutex);
        return limits[which].soft;
    }
    /// Time and counts of live and dead threads.
    ResourceUsage own_usage();
    /// The user whose it is, also when no thread is left.
    u32 owner();
};

/// Gives the current thread, or one that does not run yet, something else of what others look at under its
/// process's signal lock: Thread::space, files, directory, credentials.
template <typename T>
void replace_shared(Thread& thread, Ref<T> Thread::*member, Ref<T> fresh) {
    LockGuard guard(thread.process->signal_mutex);
    std::swap(thread.*member, fresh);  // what was there goes after the lock
}

}  // namespace litebox
