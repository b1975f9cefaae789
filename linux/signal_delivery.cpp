#include "linux/signal_delivery.h"

#include "core/file/events/file_signals.h"
#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/signal_frame.h"

namespace litebox {

namespace {

constexpr u64 syscall_instruction_length = 2;

u64 error_value(Errno error) {
    return static_cast<u64>(-static_cast<i64>(error));
}

bool is_restart(Errno error) {
    return error >= Errno::restartsys;
}

/// A handler is about to run: does the interrupted call answer EINTR or run again afterwards?
void settle_call(arch::RegisterFrame& frame, const CallOutcome& outcome, const SignalAction& action) {
    if (!is_restart(outcome.restart)) return;
    bool again = outcome.restart == Errno::restartnointr ||
                 (outcome.restart == Errno::restartsys && (action.flags & sa_restart) != 0);
    if (!again) {
        frame.rax = error_value(Errno::eintr);
        return;
    }
    // The handler's return leads to the original instruction, which stands where it stood.
    frame.rax = outcome.number;
    frame.rip -= syscall_instruction_length;
}

/// What the mask is after the handler: sigsuspend and its kin put the old one back then.
SignalSet take_restored_mask(Thread& thread) {
    if (!thread.restore_mask) return thread.mask;
    thread.restore_mask = false;
    return thread.saved_mask;
}

/// Runs a handler: builds its frame, changes the mask. A frame that cannot be built is a SIGSEGV.
void run_handler(Thread& thread, arch::RegisterFrame& frame, const SignalAction& action,
                 const SignalInfo& info) {
    SignalSet before = take_restored_mask(thread);
    auto pushed = push_signal_frame(thread, frame, action, info, before);
    if (!pushed.ok()) {
        SignalInfo fault;
        fault.signal = sigsegv;
        fault.code = code_kernel;
        if (info.signal == sigsegv) {
            LockGuard guard(thread.process->actions->mutex);
            thread.process->actions->actions[sigsegv - 1] = {};
        }
        return force_signal(thread, fault);
    }
    SignalSet mask = thread.mask;
    mask.bits |= action.mask.bits;
    if ((action.flags & sa_nodefer) == 0) mask.add(info.signal);
    set_signal_mask(thread, mask);
}

SignalAction take_action(Thread& thread, int signal) {
    LockGuard guard(thread.actions->mutex);
    SignalAction& action = thread.actions->actions[signal - 1];
    SignalAction taken = action;
    if (action.handler > handler_ignore && (action.flags & sa_resethand) != 0)
        action.handler = handler_default;
    return taken;
}

/// The default action; true when the process ends.
bool act_by_default(Thread& thread, const SignalInfo& info) {
    switch (default_action(info.signal)) {
        case DefaultAction::ignore:
        case DefaultAction::resume:
            return false;
        case DefaultAction::stop: {
            i32 group = thread.process->group_id;
            if (info.signal != sigstop) {
                LockGuard guard(tasks().mutex);
                if (tasks().group_orphaned(group)) return false;
            }
            stop_process(thread, info.signal);
            return false;
        }
        case DefaultAction::core:
            exit_current_group(info.signal);
            return true;
        case DefaultAction::terminate:
            exit_current_group(info.signal);
            return true;
    }
    return false;
}

void deliver_signals(Thread& thread, arch::RegisterFrame& frame, const CallOutcome*& outcome) {
    for (;;) {
        SignalInfo info;
        if (!take_signal(thread, {~thread.mask.bits}, info)) {
            update_signal_work(thread);
            return;
        }
        timer_signal_taken(*thread.process, info);
        SignalAction action = take_action(thread, info.signal);
        if (info.signal == sigkill || info.signal == sigstop) action.handler = handler_default;
        if (action.handler == handler_ignore) continue;
        if (action.handler == handler_default) {
            if (act_by_default(thread, info)) return;
            if ((thread.work.load() & (work_stop | work_exit)) != 0) return;
            continue;
        }
        if (outcome != nullptr) settle_call(frame, *outcome, action);
        outcome = nullptr;
        run_handler(thread, frame, action, info);
    }
}

void stay_stopped(Thread& thread) {
    Process& process = *thread.process;
    ThreadWaiter waiter(thread);
    ThreadWaiter::Scope scope(process.thread_event, waiter);
    for (;;) {
        u32 generation = wait_generation();
        {
            LockGuard guard(process.signal_mutex);
            if (!process.stopped || process.group_exiting) {
                thread.work.fetch_and(~u32{work_stop});
                break;
            }
        }
        thread.state.store('T', std::memory_order_relaxed);
        platform::park(thread.wake_word, generation, platform::no_deadline);
    }
    thread.state.store('R', std::memory_order_relaxed);
    update_signal_work(thread);
}

i32 ending_status(Thread& thread) {
    LockGuard guard(thread.process->signal_mutex);
    return thread.process->group_exiting ? thread.process->group_exit_status : 0;
}

}  // namespace

void leave_to_guest(arch::RegisterFrame& frame, const CallOutcome* outcome, bool* restart) {
    *restart = false;
    for (;;) {
        Thread& thread = *current_thread();
        u32 work = thread.work.load(std::memory_order_acquire);
        if ((work & work_exit) != 0) {
            exit_current_thread(ending_status(thread));
            // A vfork child's host thread goes on as its parent, whose call returns the child's number.
            frame.rax = current_thread()->resume_value;
            outcome = nullptr;
        } else if ((work & work_stop) != 0) {
            stay_stopped(thread);
        } else if ((work & work_file_signal) != 0) {
            send_file_signals();
        } else if ((work & work_signal) != 0) {
            deliver_signals(thread, frame, outcome);
        } else {
            break;
        }
    }
    Thread& thread = *current_thread();
    if (outcome == nullptr || !is_restart(outcome->restart)) return;
    // No handler ran: the mask of sigsuspend goes, and the call is made again.
    if (thread.restore_mask) {
        thread.restore_mask = false;
        set_signal_mask(thread, thread.saved_mask);
    }
    *restart = true;
}

void restore_signal_frame(arch::RegisterFrame& frame) {
    Thread& thread = *current_thread();
    if (pop_signal_frame(thread, frame).ok()) return;
    SignalInfo fault;
    fault.signal = sigsegv;
    fault.code = code_kernel;
    force_signal(thread, fault);
}

}  // namespace litebox
