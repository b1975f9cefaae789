#include "core/file/file.h"
#include "core/file/path.h"
#include "core/kernel.h"
#include "core/task/lifecycle.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

Result<void> check_flags(u64 flags) {
    constexpr u64 namespaces = clone_newns | clone_newcgroup | clone_newuts | clone_newipc | clone_newuser |
                               clone_newpid | clone_newnet | clone_newtime;
    if ((flags & clone_thread) != 0 && (flags & clone_sighand) == 0) return Errno::einval;
    if ((flags & clone_sighand) != 0 && (flags & clone_vm) == 0) return Errno::einval;
    if ((flags & (clone_fs | clone_newns)) == (clone_fs | clone_newns)) return Errno::einval;
    if ((flags & (clone_sighand | clone_clear_sighand)) == (clone_sighand | clone_clear_sighand))
        return Errno::einval;
    if ((flags & clone_pidfd) != 0 && (flags & clone_detached) != 0) return Errno::einval;
    if ((flags & namespaces) != 0) return Errno::eperm;
    return {};
}

Result<Ref<SignalActions>> copy_actions(SignalActions& from, bool clear) {
    auto copy = TRY(make_ref<SignalActions>());
    LockGuard guard(from.mutex);
    for (int i = 0; i < signal_max; i++) {
        copy->actions[i] = from.actions[i];
        if (clear && copy->actions[i].handler != handler_ignore) copy->actions[i] = {};
    }
    return copy;
}

Result<void> inherit(Thread& child, Thread& parent, u64 flags) {
    child.files = (flags & clone_files) != 0 ? parent.files : TRY(parent.files->copy());
    child.directory = (flags & clone_fs) != 0 ? parent.directory : TRY(parent.directory->copy());
    child.actions = (flags & clone_sighand) != 0
                        ? parent.actions
                        : TRY(copy_actions(*parent.actions, (flags & clone_clear_sighand) != 0));
    child.credentials = parent.credentials;
    if ((flags & clone_vm) != 0) child.space = parent.space;
    child.mask = parent.mask;
    // The alternate stack stays with a copy of the memory and with vfork; a thread starts without one.
    if ((flags & (clone_vm | clone_vfork)) != clone_vm) child.alternate_stack = parent.alternate_stack;
    memcpy(child.name, parent.name, sizeof(child.name));
    memcpy(child.affinity, parent.affinity, sizeof(child.affinity));
    child.nice = parent.nice;
    child.io_priority = parent.io_priority;
    child.scheduling_policy = parent.scheduling_policy;
    child.priority = parent.priority;
    child.timer_slack_ns = parent.timer_slack_ns;
    child.start_ns = platform::monotonic_ns();
    return {};
}

Result<Ref<Process>> create_process(Process& parent, int exit_signal) {
    auto process = TRY(make_ref<Process>());
    process->exit_signal = exit_signal;
    process->start_ns = platform::monotonic_ns();
    process->dumpable = parent.dumpable;
    process->oom_score_adjust = parent.oom_score_adjust;
    process->personality = parent.personality;
    process->barriers_registered = parent.barriers_registered;
    {
        LockGuard guard(parent.limits_mutex);
        for (int i = 0; i < limit_count; i++) process->limits[i] = parent.limits[i];
    }
    LockGuard guard(parent.signal_mutex);
    process->executable = parent.executable;
    process->executable_path = TRY(String::from(parent.executable_path.view()));
    for (auto [from, to] : {std::pair{&parent.command_line, &process->command_line},
                            std::pair{&parent.environment, &process->environment}}) {
        TRY(to->reserve(from->size()));
        for (char c : *from) TRY(to->push(c));
    }
    TRY(process->auxiliary.reserve(parent.auxiliary.size()));
    for (u64 word : parent.auxiliary) TRY(process->auxiliary.push(word));
    return process;
}

u32 tasks_of_user(u32 uid) {
    u32 count = 0;
    for (Process& process : tasks().processes)
        if (process.owner() == uid) count += process.live_threads;
    return count;
}

Result<void> enter_table(Thread& child, Process& process, Thread& parent, u64 flags) {
    TaskTable& table = tasks();
    bool new_process = (flags & clone_thread) == 0;
    u64 limit = parent.process->limit(limit_nproc);
    LockGuard guard(table.mutex);
    if (limit < table.task_limit && parent.credentials->uid != 0 &&
        tasks_of_user(parent.credentials->uid) >= limit && !parent.credentials->capable(cap_sys_resource) &&
        !parent.credentials->capable(cap_sys_admin))
        return Errno::eagain;
    TRY(table.add(child, process, new_process));
    if (new_process) {
        Process* family = (flags & clone_parent) != 0 ? parent.process->parent : parent.process;
        if ((flags & clone_parent) != 0) process.exit_signal = parent.process->exit_signal;
        process.parent = family != nullptr ? family : table.init;
        process.creator = (flags & clone_parent) != 0 ? parent.process->creator : parent.tid;
        process.parent->children.push_back(&process);
        process.group_id = parent.process->group_id;
        process.session = parent.process->session;
        process.actions = child.actions;
    }
    LockGuard members(process.signal_mutex);
    if (process.group_exiting || process.exec_survivor != nullptr) {
        table.remove_thread(child);
        return Errno::eagain;
    }
    process.threads.push_back(&child);
    process.live_threads++;
    return {};
}

}  // namespace

Result<Ref<Thread>> create_task(u64 flags, int exit_signal) {
    TRY(check_flags(flags));
    Thread& parent = *current_thread();
    auto child = TRY(make_ref<Thread>());
    TRY(inherit(*child, parent, flags));
    Ref<Process> process = (flags & clone_thread) != 0 ? Ref<Process>(parent.process)
                                                       : TRY(create_process(*parent.process, exit_signal));
    child->process = process.get();
    process->ref();  // the thread's; dropped by ~Thread
    TRY(enter_table(*child, *process, parent, flags));
    return child;
}

void abandon_task(Thread& thread) {
    Process& process = *thread.process;
    LockGuard guard(tasks().mutex);
    {
        LockGuard members(process.signal_mutex);
        thread.group_node.unlink();
        process.live_threads--;
    }
    bool alone = process.live_threads == 0;
    tasks().remove_thread(thread);
    if (alone) tasks().remove_process(process);
}

}  // namespace litebox
