#include "core/file/events/file_signals.h"
#include "core/file/file.h"
#include "core/file/path.h"
#include "core/kernel.h"
#include "core/task/futex.h"
#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "core/task/wake_batch.h"

namespace litebox {

namespace {

/// CLONE_CHILD_CLEARTID: joiners wait on this word.
void clear_tid_word(Thread& thread) {
    u64 address = std::exchange(thread.clear_child_tid, 0);
    if (address == 0 || thread.space->ref_count() <= 1) return;
    if (UserPtr<i32>(address).write(0).ok()) (void)futex_wake({address, true}, 1, futex_match_any);
}

void hang_up_orphans(i32 group) {
    // A group that became orphaned while a member is stopped would never run again.
    bool stopped = false;
    {
        LockGuard guard(tasks().mutex);
        if (!tasks().group_orphaned(group)) return;
        for (Process& member : tasks().processes) stopped |= member.group_id == group && member.stopped;
    }
    if (!stopped) return;
    for (int signal : {int{sighup}, int{sigcont}}) {
        SignalInfo info;
        info.signal = signal;
        info.code = code_kernel;
        (void)send_to_group(group, info);
    }
}

Process* adopter_of(Process& process) {
    for (Process* ancestor = process.parent; ancestor != nullptr; ancestor = ancestor->parent)
        if (ancestor->child_subreaper && !ancestor->zombie && !ancestor->group_exiting) return ancestor;
    return tasks().init;
}

/// Gives the children away; zombies that init gets are forgotten.
void reparent_children(Process& process) {
    Process* adopter = adopter_of(process);
    for (Process& child : process.children) {
        child.sibling_node.unlink();
        child.parent = adopter;
        child.exit_signal = sigchld;
        adopter->children.push_back(&child);
        send_parent_death_signals(child, process.pid);
        if (!child.zombie) continue;
        if (adopter == tasks().init)
            tasks().remove_process(child);
        else
            notify_parent(child, child_exited, child.exit_status >> 8);
    }
}

bool parent_ignores_children(Process& process) {
    if (process.parent == tasks().init) return true;
    if (process.exit_signal != sigchld) return false;
    LockGuard guard(process.parent->actions->mutex);
    const SignalAction& action = process.parent->actions->actions[sigchld - 1];
    return action.handler == handler_ignore || (action.flags & sa_nocldwait) != 0;
}

void become_zombie(Process& process) {
    i32 status = process.exit_status;
    int code = (status & 0x7f) == 0 ? child_exited : ((status & 0x80) != 0 ? child_dumped : child_killed);
    bool forget = parent_ignores_children(process);
    process.zombie = true;
    notify_parent(process, code, code == child_exited ? status >> 8 & 0xff : status & 0x7f);
    process.exit_event.wake(~0u, ~0u);
    if (!forget) return;
    tasks().remove_process(process);
}

/// What only the last thread of a process does, before it is a zombie.
void release_process(Thread& thread, Process& process) {
    if (process.session && process.session->id == process.pid) hang_up_session(*process.session);
    drop_timers(process, true);
    process.usage = process.own_usage();
    LockGuard guard(process.signal_mutex);
    process.last_uid = thread.credentials->uid;
    process.executable = nullptr;
    process.exit_status = process.group_exiting ? process.group_exit_status : thread.exit_status;
}

/// Leaves the process's thread list. True when it was the last thread.
bool leave_group(Thread& thread, Process& process) {
    LockGuard guard(process.signal_mutex);
    process.dead_threads.add(thread.usage());
    kernel().calls_of_the_dead.fetch_add(thread.system_calls.load(std::memory_order_relaxed),
                                         std::memory_order_relaxed);
    thread.state.store('Z', std::memory_order_relaxed);
    thread.group_node.unlink();
    thread.block = nullptr;
    process.thread_event.wake(~0u, ~0u);
    return --process.live_threads == 0;
}

void release_thread_resources(Thread& thread) {
    replace_shared(thread, &Thread::files, {});
    if ((thread.work.load() & work_file_signal) != 0) send_file_signals();
    replace_shared(thread, &Thread::directory, {});
}

Ref<AddressSpace> give_up_space(Thread& thread) {
    LockGuard guard(thread.process->signal_mutex);
    return std::move(thread.space);
}

}  // namespace

void release_vfork_parent(Thread* parent) {
    parent->vfork_done.store(true, std::memory_order_release);
    parent->wake();
    parent->unref();
}

void hang_up_session(Session& session) {
    i32 group = 0;
    {
        LockGuard guard(tasks().mutex);
        if (session.terminal == nullptr) return;
        group = session.foreground_group;
        session.terminal = nullptr;
    }
    if (group == 0) return;
    for (int signal : {int{sighup}, int{sigcont}}) {
        SignalInfo info;
        info.signal = signal;
        info.code = code_kernel;
        (void)send_to_group(group, info);
    }
}

void exit_current_group(i32 status) {
    Thread& thread = *current_thread();
    LockGuard guard(thread.process->signal_mutex);
    begin_group_exit(*thread.process, status);
}

namespace {

u64 pages_of(Process& process) {
    LockGuard guard(process.signal_mutex);
    Thread* thread = process.threads.first();
    platform::Space* space = thread != nullptr && thread->space ? thread->space->platform_space() : nullptr;
    return space != nullptr ? platform::resident_pages(space) : 0;
}

}  // namespace

bool end_largest_process() {
    LockGuard guard(tasks().mutex);
    Process* largest = current_thread()->process;
    u64 most = 0;
    for (Process& process : tasks().processes) {
        u64 pages = process.zombie ? 0 : pages_of(process);
        if (pages <= most) continue;
        largest = &process;
        most = pages;
    }
    LockGuard signals(largest->signal_mutex);
    begin_group_exit(*largest, sigkill);
    return largest == current_thread()->process;
}

void exit_current_thread(i32 status) {
    Thread& thread = *current_thread();
    Process& process = *thread.process;
    bool borrowed = thread.is_vfork_child;
    thread.exit_status = status;
    release_robust_list(thread);
    clear_tid_word(thread);
    release_thread_resources(thread);
    Vector<i32> groups;
    bool last = leave_group(thread, process);
    if (last) {
        release_process(thread, process);
        LockGuard guard(tasks().mutex);
        for (Process& child : process.children) (void)groups.push(child.group_id);
        reparent_children(process);
    }
    for (i32 group : groups) hang_up_orphans(group);
    Thread* vfork_parent = last ? std::exchange(process.vfork_parent, nullptr) : nullptr;
    Ref<AddressSpace> space = give_up_space(thread);
    bool space_ends = !borrowed && space->host_threads.fetch_sub(1) == 1;
    platform::Space* host_space = space->platform_space();
    space = nullptr;
    if (borrowed) resume_vfork_parent(thread);
    bool sandbox_ends = last && process.pid == kernel().first_pid;
    i32 exit_status = sandbox_ends ? process.exit_status : 0;
    {
        WakeBatch batch;
        LockGuard guard(tasks().mutex);
        if (last) become_zombie(process);
        tasks().remove_thread(thread);
    }
    if (sandbox_ends) {
        if (kernel().before_stop != nullptr) kernel().before_stop();
        platform::stop(exit_status);
    }
    if (vfork_parent != nullptr) {
        release_vfork_parent(vfork_parent);
    }
    if (borrowed) return;
    if (space_ends) platform::retire_space(host_space);
    platform::exit_thread(nullptr);
}

Result<void> become_only_thread() {
    Thread& thread = *current_thread();
    Process& process = *thread.process;
    {
        LockGuard guard(process.signal_mutex);
        if (process.group_exiting || process.exec_survivor != nullptr) return Errno::eagain;
        if (process.live_threads == 1) return {};
        process.exec_survivor = &thread;
        for (Thread& other : process.threads)
            if (&other != &thread) other.interrupt(work_exit);
    }
    ThreadWaiter waiter(thread);
    ThreadWaiter::Scope scope(process.thread_event, waiter);
    for (;;) {
        u32 generation = wait_generation();
        {
            LockGuard guard(process.signal_mutex);
            if (process.live_threads == 1) {
                process.exec_survivor = nullptr;
                break;
            }
        }
        TRY(block(generation, platform::no_deadline, Interruptible::no));
    }
    LockGuard guard(tasks().mutex);
    tasks().renumber(thread, process.pid);
    return {};
}

}  // namespace litebox
