#include "core/task/signal_send.h"

#include "core/task/task_table.h"

namespace litebox {

namespace {

constexpr u64 bit(int signal) {
    return u64{1} << (signal - 1);
}
constexpr u64 stop_signals = bit(sigstop) | bit(sigtstp) | bit(sigttin) | bit(sigttou);
constexpr u64 ignored_by_default = bit(sigcont) | bit(sigchld) | bit(sigwinch) | bit(sigurg);
constexpr u64 core_signals = bit(sigquit) | bit(sigill) | bit(sigtrap) | bit(sigabrt) | bit(sigbus) |
                             bit(sigfpe) | bit(sigsegv) | bit(sigxcpu) | bit(sigxfsz) | bit(sigsys);
constexpr u64 fault_signals =
    bit(sigsegv) | bit(sigbus) | bit(sigill) | bit(sigtrap) | bit(sigfpe) | bit(sigsys);

void discard(SignalQueue& queue, u64 signals) {
    queue.pending.bits &= ~signals;
    for (QueuedSignal& queued : queue.queued) {
        if ((bit(queued.info.signal) & signals) == 0) continue;
        queued.node.unlink();
        if (!queued.preallocated) heap_free(&queued);
    }
}

void discard_everywhere(Process& process, u64 signals) {
    discard(process.pending, signals);
    for (Thread& thread : process.threads) discard(thread.pending, signals);
}

bool ignored(Process& process, int signal) {
    LockGuard guard(process.actions->mutex);
    const SignalAction& action = process.actions->actions[signal - 1];
    if (action.handler == handler_ignore) return true;
    return action.handler == handler_default && default_action(signal) == DefaultAction::ignore;
}

bool fatal_by_default(Process& process, int signal) {
    if (signal == sigkill) return true;
    LockGuard guard(process.actions->mutex);
    if (process.actions->actions[signal - 1].handler != handler_default) return false;
    DefaultAction action = default_action(signal);
    return action == DefaultAction::terminate || action == DefaultAction::core;
}

bool takes(const Thread& thread, int signal) {
    return signal == sigkill || signal == sigstop || !thread.mask.has(signal) ||
           thread.waiting_for.has(signal);
}

/// Stop signals and SIGCONT cancel each other when they are sent, blocked and ignored or not.
void cancel_opposites(Process& process, int signal) {
    if ((stop_signals & bit(signal)) != 0) discard_everywhere(process, bit(sigcont));
    if (signal != sigcont && signal != sigkill) return;
    discard_everywhere(process, stop_signals);
    if (!process.stopped) return;
    process.stopped = false;
    process.unreported_stop = 0;
    if (signal == sigcont) process.unreported_continue = true;
    process.thread_event.wake(~0u, ~0u);
    for (Thread& thread : process.threads) {
        thread.work.fetch_and(~u32{work_stop});
        thread.wake();
    }
}

/// Wakes a thread that will take the signal; a fatal one ends the whole group at once.
void complete(Process& process, Thread* only, int signal) {
    Thread* taker = nullptr;
    if (only != nullptr) {
        if (takes(*only, signal)) taker = only;
    } else {
        for (Thread& thread : process.threads)
            if (takes(thread, signal)) {
                taker = &thread;
                break;
            }
    }
    process.signal_event.wake(~0u, ~0u);
    // A stopped process takes nothing but SIGKILL: the rest waits for SIGCONT.
    if (taker == nullptr || (process.stopped && signal != sigkill)) return;
    bool waited_for = taker->mask.has(signal) && taker->waiting_for.has(signal);
    if (!waited_for && fatal_by_default(process, signal) &&
        (signal == sigkill || default_action(signal) == DefaultAction::terminate)) {
        begin_group_exit(process, signal);
        return;
    }
    taker->interrupt(work_signal);
}

Result<void> enqueue(SignalQueue& queue, Process& process, const SignalInfo& info, QueuedSignal* node) {
    if (info.signal < sigrtmin_kernel && queue.pending.has(info.signal)) return {};
    if (node == nullptr && process.queued_signals < process.limit(limit_sigpending)) {
        if (void* memory = heap_allocate(sizeof(QueuedSignal))) node = new (memory) QueuedSignal;
    }
    if (node == nullptr) {
        // Without a record only the bit is left, as Linux does for kill(2); sigqueue and timers need the
        // record.
        if (info.signal >= sigrtmin_kernel && info.code != code_user) return Errno::eagain;
    } else {
        node->info = info;
        queue.queued.push_back(node);
    }
    queue.pending.add(info.signal);
    return {};
}

Result<void> send_locked(Process& process, Thread* thread, const SignalInfo& info, QueuedSignal* node,
                         bool force) {
    if (process.threads.empty()) return {};
    cancel_opposites(process, info.signal);
    if (process.group_exiting) return {};
    bool blocked =
        thread != nullptr ? thread->mask.has(info.signal) : process.threads.first()->mask.has(info.signal);
    bool awaited = false;
    for (Thread& candidate : process.threads) awaited |= candidate.waiting_for.has(info.signal);
    if (!force && !blocked && !awaited && info.signal != sigkill && info.signal != sigstop &&
        ignored(process, info.signal))
        return {};
    TRY(enqueue(thread != nullptr ? thread->pending : process.pending, process, info, node));
    complete(process, thread, info.signal);
    return {};
}

bool take_from(SignalQueue& queue, SignalSet wanted, SignalInfo& info) {
    u64 ready = queue.pending.bits & wanted.bits;
    if (ready == 0) return false;
    u64 first = (ready & fault_signals) != 0 ? ready & fault_signals : ready;
    int signal = __builtin_ctzll(first) + 1;
    QueuedSignal* found = nullptr;
    bool more = false;
    for (QueuedSignal& queued : queue.queued) {
        if (queued.info.signal != signal) continue;
        if (found != nullptr) {
            more = true;
            break;
        }
        found = &queued;
    }
    if (!more) queue.pending.remove(signal);
    if (found == nullptr) {
        info = {};
        info.signal = signal;
        return true;
    }
    info = found->info;
    found->node.unlink();
    if (!found->preallocated) heap_free(found);
    return true;
}

}  // namespace

DefaultAction default_action(int signal) {
    if ((stop_signals & bit(signal)) != 0) return DefaultAction::stop;
    if (signal == sigcont) return DefaultAction::resume;
    if ((ignored_by_default & bit(signal)) != 0) return DefaultAction::ignore;
    return (core_signals & bit(signal)) != 0 ? DefaultAction::core : DefaultAction::terminate;
}

Result<void> send_signal(Process& process, const SignalInfo& info) {
    bool resumed = false;
    Result<void> result;
    {
        LockGuard guard(process.signal_mutex);
        bool stopped = process.stopped;
        result = send_locked(process, nullptr, info, nullptr, false);
        resumed = stopped && !process.stopped && info.signal == sigcont;
    }
    if (resumed) {
        LockGuard guard(tasks().mutex);
        notify_parent(process, child_continued, sigcont);
    }
    return result;
}

Result<void> send_signal(Thread& thread, const SignalInfo& info) {
    if (info.signal == sigcont || info.signal == sigkill) return send_signal(*thread.process, info);
    LockGuard guard(thread.process->signal_mutex);
    return send_locked(*thread.process, &thread, info, nullptr, false);
}

bool send_preallocated(Process& process, Thread* thread, QueuedSignal& queued) {
    LockGuard guard(process.signal_mutex);
    if (queued.node.linked()) return false;
    SignalInfo info = queued.info;
    (void)send_locked(process, thread, info, &queued, false);
    return true;
}

Result<void> send_to_group(i32 group, const SignalInfo& info) {
    // Collected first: a signal's own locks come before nothing of the table's.
    Vector<Ref<Process>> members;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.group_id == group && process.pid != 1) TRY(members.push(Ref<Process>(&process)));
    }
    if (members.empty()) return Errno::esrch;
    for (auto& member : members) (void)send_signal(*member, info);
    return {};
}

void send_parent_death_signals(Process& child, i32 parent) {
    LockGuard guard(child.signal_mutex);
    for (Thread& thread : child.threads) {
        if (thread.parent_death_signal == 0) continue;
        SignalInfo info;
        info.signal = thread.parent_death_signal;
        info.code = code_user;
        info.pid = parent;
        bool whole_process = info.signal == sigkill || info.signal == sigcont;
        (void)send_locked(child, whole_process ? nullptr : &thread, info, nullptr, false);
    }
}

void force_signal(Thread& thread, SignalInfo info) {
    Process& process = *thread.process;
    LockGuard guard(process.signal_mutex);
    {
        LockGuard actions(process.actions->mutex);
        SignalAction& action = process.actions->actions[info.signal - 1];
        if (thread.mask.has(info.signal) || action.handler == handler_ignore) {
            action.handler = handler_default;
            thread.mask.remove(info.signal);
        }
    }
    (void)send_locked(process, &thread, info, nullptr, true);
    thread.work.fetch_or(work_signal);
}

bool may_signal(const Thread& sender, Process& target, int signal) {
    const Credentials& from = *sender.credentials;
    if (sender.process == &target || from.capable(cap_kill)) return true;
    LockGuard guard(target.signal_mutex);
    Thread* thread = target.threads.first();
    if (thread == nullptr) return true;
    const Credentials& to = *thread->credentials;
    if (from.euid == to.suid || from.euid == to.uid || from.uid == to.suid || from.uid == to.uid) return true;
    return signal == sigcont && sender.process->session == target.session;
}

bool take_signal(Thread& thread, SignalSet wanted, SignalInfo& info) {
    LockGuard guard(thread.process->signal_mutex);
    return take_from(thread.pending, wanted, info) || take_from(thread.process->pending, wanted, info);
}

SignalSet pending_signals(Thread& thread) {
    LockGuard guard(thread.process->signal_mutex);
    return {thread.pending.pending.bits | thread.process->pending.pending.bits};
}

void update_signal_work(Thread& thread) {
    LockGuard guard(thread.process->signal_mutex);
    u64 deliverable =
        (thread.pending.pending.bits | thread.process->pending.pending.bits) & ~thread.mask.bits;
    if (deliverable != 0)
        thread.work.fetch_or(work_signal);
    else
        thread.work.fetch_and(~u32{work_signal});
}

void set_signal_mask(Thread& thread, SignalSet mask) {
    mask.bits &= ~(bit(sigkill) | bit(sigstop));
    u64 newly_blocked = mask.bits & ~thread.mask.bits;
    if (mask.bits == thread.mask.bits) return;
    Process& process = *thread.process;
    LockGuard guard(process.signal_mutex);
    thread.mask = mask;
    // Process-directed signals that only we were to take go to somebody else.
    u64 handed_over = process.pending.pending.bits & newly_blocked;
    if (handed_over != 0)
        for (Thread& other : process.threads)
            if (&other != &thread && (handed_over & ~other.mask.bits) != 0) other.interrupt(work_signal);
    if (((thread.pending.pending.bits | process.pending.pending.bits) & ~mask.bits) != 0)
        thread.work.fetch_or(work_signal);
    else
        thread.work.fetch_and(~u32{work_signal});
}

void begin_group_exit(Process& process, i32 status) {
    if (process.group_exiting) return;
    process.group_exiting = true;
    process.group_exit_status = status;
    process.stopped = false;
    for (Thread& thread : process.threads) {
        thread.work.fetch_and(~u32{work_stop});
        thread.interrupt(work_exit);
    }
    process.thread_event.wake(~0u, ~0u);
}

void flush_signal(Process& process, int signal) {
    discard_everywhere(process, bit(signal));
}

void stop_process(Thread& thread, int signal) {
    Process& process = *thread.process;
    {
        LockGuard guard(process.signal_mutex);
        if (process.group_exiting || process.stopped) return;
        process.stopped = true;
        for (Thread& member : process.threads) member.interrupt(work_stop);
    }
    LockGuard guard(tasks().mutex);
    // A continue that nobody has asked about yet stays to be told: whoever sent it may be about to wait for
    // it.
    process.unreported_stop = signal;
    notify_parent(process, child_stopped, signal);
}

void notify_parent(Process& process, int code, int status) {
    Process* parent = process.parent;
    if (parent == nullptr) return;
    bool exit = code == child_exited || code == child_killed || code == child_dumped;
    int signal = exit ? process.exit_signal : sigchld;
    if (!exit) {
        LockGuard guard(parent->actions->mutex);
        if ((parent->actions->actions[sigchld - 1].flags & sa_nocldstop) != 0) signal = 0;
    }
    if (signal != 0 && parent != tasks().init) {
        SignalInfo info;
        info.signal = signal;
        info.code = code;
        info.pid = process.pid;
        info.status = status;
        constexpr i64 tick_ns = 10'000'000;
        info.user_time = static_cast<i64>(process.usage.user_ns) / tick_ns;
        info.system_time = static_cast<i64>(process.usage.system_ns) / tick_ns;
        info.uid = process.owner();
        LockGuard guard(parent->signal_mutex);
        (void)send_locked(*parent, nullptr, info, nullptr, false);
    }
    parent->child_events.wake(~0u, ~0u);
}

}  // namespace litebox
