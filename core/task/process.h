// A process (thread group), its family, its process group and session, and the table of all of them.
//
// Locks: ProcessTable::mutex guards the family tree, groups, sessions, ids and wait states;
// Process::signal_mutex guards pending signals, stop state and the thread list of that process.
#pragma once

#include "core/base/vector.h"
#include "core/task/thread.h"

namespace litebox {

class Terminal;
class TimerSet;  // itimers and POSIX timers, core/task/timers.h

struct Session : RefCounted<Session> {
    i32 id = 0;
    i32 foreground_group = 0;  // of the controlling terminal
    Terminal* terminal = nullptr;
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
struct ResourceLimit {
    u64 soft = ~u64{0}, hard = ~u64{0};
};

struct ResourceUsage {  // struct rusage in nanoseconds and counts
    u64 user_ns = 0, system_ns = 0, max_resident_kib = 0, minor_faults = 0, major_faults = 0, blocks_in = 0,
        blocks_out = 0, voluntary_switches = 0, involuntary_switches = 0;
    void add(const ResourceUsage& other);
};

class Process final : public RefCounted<Process> {
  public:
    Process();
    ~Process();

    i32 pid = 0;
    // Family; under the table's lock.
    Process* parent = nullptr;
    ListNode sibling_node;
    ListNode children;  // head of the ring of children's sibling_node (a List cannot name a member of an
                        // incomplete class)
    ListNode table_node;
    i32 group_id = 0;
    Ref<Session> session;
    int exit_signal = 17;
    bool child_subreaper = false;
    bool has_execed = false;

    enum class State : u8 { running, zombie, reaped };
    std::atomic<State> state{State::running};
    i32 exit_status = 0;  // wait(2) format
    // Job control events that wait4 reports once.
    bool stop_reported = true, continue_reported = true;
    bool stopped = false;
    int stop_signal = 0;
    WaitQueue child_events;  // wait4 and pidfds of children sleep here (parent's queue)
    WaitQueue exit_event;    // this process became a zombie (pidfd poll)

    Mutex signal_mutex{LockRank::process};
    SignalQueue pending;  // process-directed
    List<Thread, &Thread::group_node> threads;
    u32 live_threads = 0;
    bool group_exiting = false;

    // Fixed at exec.
    Vector<char> command_line;  // as /proc/PID/cmdline
    Vector<char> environment;
    Ref<File> executable;
    String executable_path;

    Mutex limits_mutex{LockRank::leaf};
    ResourceLimit limits[limit_count];
    ResourceUsage dead_threads, dead_children;
    Own<TimerSet> timers;
    u64 start_ns = 0;
    bool dumpable = true;
    u64 oom_score_adjust = 0;
    u32 personality = 0;

    /// The current soft limit.
    u64 limit(Limit which);
};

}  // namespace litebox
