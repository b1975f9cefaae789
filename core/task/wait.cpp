#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

/// The calling thread made the child, or took it over as the first of its process when the maker had ended.
bool made_by_caller(const Process& child) {
    const Thread& self = *current_thread();
    if (child.creator == self.tid) return true;
    const Thread* creator = tasks().thread(child.creator);
    bool creator_lives = creator != nullptr && creator->process == self.process;
    return !creator_lives && self.process->threads.first() == &self;
}

bool fits(const Process& child, WaitTarget target, int options) {
    if (target.kind == WaitTarget::Kind::process && child.pid != target.id) return false;
    if (target.kind == WaitTarget::Kind::group && child.group_id != target.id) return false;
    if ((options & wait_no_thread) != 0 && !made_by_caller(child)) return false;
    bool clone_child = child.exit_signal != sigchld;
    return (options & wait_all) != 0 || clone_child == ((options & wait_clone) != 0);
}

void describe_exit(Process& child, WaitReport& report) {
    i32 status = child.exit_status;
    report.wait_status = status;
    if ((status & 0x7f) == 0) {
        report.code = child_exited;
        report.status = status >> 8 & 0xff;
    } else {
        report.code = (status & 0x80) != 0 ? child_dumped : child_killed;
        report.status = status & 0x7f;
    }
    report.usage = child.usage;
    report.usage.add(child.dead_children);
}

/// Takes what there is to report of `child`; false: nothing.
bool report_child(Process& parent, Process& child, int options, WaitReport& report) {
    bool keep = (options & wait_no_reap) != 0;
    report.pid = child.pid;
    report.uid = child.owner();
    if (child.zombie) {
        if ((options & wait_exited) == 0) return false;
        describe_exit(child, report);
        if (keep) return true;
        parent.dead_children.add(report.usage);
        tasks().remove_process(child);
        return true;
    }
    if ((options & wait_stopped) != 0 && child.unreported_stop != 0) {
        report.code = child_stopped;
        report.status = child.unreported_stop;
        report.wait_status = child.unreported_stop << 8 | 0x7f;
        if (!keep) child.unreported_stop = 0;
        return true;
    }
    if ((options & wait_continued) != 0 && child.unreported_continue) {
        report.code = child_continued;
        report.status = sigcont;
        report.wait_status = 0xffff;
        if (!keep) child.unreported_continue = false;
        return true;
    }
    return false;
}

/// One look: a report, nothing yet (pid 0), or ECHILD.
Result<WaitReport> look(Process& parent, WaitTarget target, int options) {
    LockGuard guard(tasks().mutex);
    bool any = false;
    WaitReport report;
    for (Process& child : parent.children) {
        if (!fits(child, target, options)) continue;
        any = true;
        if (report_child(parent, child, options, report)) return report;
    }
    if (!any) return Errno::echild;
    return WaitReport{};
}

}  // namespace

Result<WaitReport> wait_for_child(WaitTarget target, int options) {
    Process& parent = *current_thread()->process;
    ThreadWaiter waiter(*current_thread());
    ThreadWaiter::Scope scope(parent.child_events, waiter);
    for (;;) {
        u32 generation = wait_generation();
        WaitReport report = TRY(look(parent, target, options));
        if (report.pid != 0 || (options & wait_no_hang) != 0) return report;
        TRY(block(generation, platform::no_deadline, Interruptible::yes));
    }
}

Result<i32> create_session() {
    Process& process = *current_thread()->process;
    auto session = TRY(make_ref<Session>());
    LockGuard guard(tasks().mutex);
    if (process.group_id == process.pid || tasks().group_exists(process.pid)) return Errno::eperm;
    session->id = process.pid;
    process.group_id = process.pid;
    process.session = session;
    return process.pid;
}

Result<void> set_process_group(i32 pid, i32 group) {
    Process& self = *current_thread()->process;
    if (group < 0) return Errno::einval;
    LockGuard guard(tasks().mutex);
    Process* process = pid == 0 ? &self : tasks().process(pid);
    if (process == nullptr || (process != &self && process->parent != &self)) return Errno::esrch;
    if (process != &self && process->session != self.session) return Errno::eperm;
    if (process != &self && process->has_execed) return Errno::eacces;
    if (process->session && process->session->id == process->pid) return Errno::eperm;
    if (group == 0) group = process->pid;
    if (group != process->pid && !tasks().group_exists(group, self.session.get())) return Errno::eperm;
    process->group_id = group;
    return {};
}

}  // namespace litebox
