// Birth, death and reaping of tasks.
#pragma once

#include "core/task/process.h"

namespace litebox {

enum CloneFlag : u64 {  // values are Linux's
    clone_vm = 0x100,
    clone_fs = 0x200,
    clone_files = 0x400,
    clone_sighand = 0x800,
    clone_pidfd = 0x1000,
    clone_ptrace = 0x2000,
    clone_vfork = 0x4000,
    clone_parent = 0x8000,
    clone_thread = 0x10000,
    clone_newns = 0x20000,
    clone_sysvsem = 0x40000,
    clone_settls = 0x80000,
    clone_parent_settid = 0x100000,
    clone_child_cleartid = 0x200000,
    clone_detached = 0x400000,
    clone_untraced = 0x800000,
    clone_child_settid = 0x1000000,
    clone_newcgroup = 0x2000000,
    clone_newuts = 0x4000000,
    clone_newipc = 0x8000000,
    clone_newuser = 0x10000000,
    clone_newpid = 0x20000000,
    clone_newnet = 0x40000000,
    clone_io = 0x80000000,
    clone_clear_sighand = 0x100000000,
    clone_into_cgroup = 0x200000000,
    clone_newtime = 0x80,
};

/// Makes a task as clone(2)'s sharing flags say, numbered and findable but without a thread block, and
/// without an address space unless clone_vm. EINVAL for flags that contradict each other; EAGAIN at a limit.
Result<Ref<Thread>> create_task(u64 flags, int exit_signal);
/// Undoes create_task when the thread could not be started.
void abandon_task(Thread& thread);

/// Ends the current thread; its process too when it is the last. `status` in wait(2) format. Returns only for
/// a vfork child, whose host thread goes on as its parent (the caller unwinds to the system-call exit).
void exit_current_thread(i32 status);
/// Starts the end of the whole process; the caller then ends its own thread.
void exit_current_group(i32 status);
/// Memory has run out: starts the end of the process that has most of it, as by SIGKILL. True if that is the
/// current one.
bool end_largest_process();
/// vfork: the child runs on the current thread's host thread and in its address space until it execs or
/// exits; the current thread becomes the child. The parent's registers are kept aside.
Result<void> lend_to_vfork_child(Ref<Thread> child);
/// A borrowing child execs (after its new thread was started) or exits: the current thread becomes the parent
/// again.
void resume_vfork_parent(Thread& child);
/// CLONE_VFORK without CLONE_VM: the parent sleeps; `parent` is a reference that the call drops.
void release_vfork_parent(Thread* parent);
/// exec: ends all other threads of the process and waits until they are gone; the current one becomes the
/// leader. EAGAIN when the process is ending anyway.
Result<void> become_only_thread();

enum WaitOption : int {
    wait_no_hang = 1,
    wait_stopped = 2,
    wait_exited = 4,
    wait_continued = 8,
    wait_no_reap = 0x1000000,
    wait_no_thread = 0x20000000,
    wait_all = 0x40000000,
    wait_clone = static_cast<int>(0x80000000),
};
struct WaitTarget {
    enum class Kind : u8 { any, process, group } kind = Kind::any;
    i32 id = 0;
};
struct WaitReport {
    i32 pid = 0;  // 0: nothing yet (wait_no_hang)
    u32 uid = 0;
    int code = 0;    // ChildCode
    int status = 0;  // exit status or signal, as siginfo's si_status
    i32 wait_status = 0;
    ResourceUsage usage;
};
/// wait4(2) and waitid(2). ECHILD without a child that fits.
Result<WaitReport> wait_for_child(WaitTarget target, int options);

/// Sessions and groups.
Result<i32> create_session();
Result<void> set_process_group(i32 pid, i32 group);
/// The session's leader ends or gives up its terminal: SIGHUP and SIGCONT to the foreground group.
void hang_up_session(Session& session);

}  // namespace litebox
