#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/signal_delivery.h"
#include "linux/signal_frame.h"
#include "linux/task_calls.h"

namespace litebox::sys {

namespace {

constexpr usize kernel_set_size = 8;

bool valid(int signal) {
    return signal >= 1 && signal <= signal_max;
}

SignalInfo info_from(Thread& sender, int signal, int code) {
    SignalInfo info;
    info.signal = signal;
    info.code = code;
    info.pid = sender.process->pid;
    info.uid = sender.credentials->uid;
    return info;
}

Result<void> kill_process(Thread& sender, Process& target, const SignalInfo& info) {
    if (!may_signal(sender, target, info.signal)) return Errno::eperm;
    if (info.signal != 0) return send_signal(target, info);
    return {};
}

/// Every member that may be signalled: success if there is one, else EPERM, ESRCH when there is none at all.
template <typename Chosen>
Result<void> kill_many(Thread& sender, const SignalInfo& info, Chosen&& chosen) {
    Vector<Ref<Process>> members;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.pid != 1 && chosen(process)) TRY(members.push(Ref<Process>(&process)));
    }
    if (members.empty()) return Errno::esrch;
    bool any = false;
    for (auto& member : members) any |= kill_process(sender, *member, info).ok();
    if (!any) return Errno::eperm;
    return {};
}

Result<u64> send_to_thread(Thread& sender, i32 pid, i32 tid, const SignalInfo& info) {
    auto target = tasks().find_thread(tid);
    if (!target || (pid > 0 && target->process->pid != pid)) return Errno::esrch;
    if (!may_signal(sender, *target->process, info.signal)) return Errno::eperm;
    if (info.signal != 0) TRY(send_signal(*target, info));
    return u64{0};
}

/// rt_sigqueueinfo's rule: nobody forges what only the kernel or kill may say.
Result<SignalInfo> queued_info(Thread& sender, i32 pid, int signal, UserPtr<const AbiSiginfo> abi) {
    SignalInfo info = from_abi(TRY(abi.read()));
    info.signal = signal;
    if ((info.code >= 0 || info.code == code_tkill) && pid != sender.process->pid) return Errno::eperm;
    return info;
}

}  // namespace

Result<u64> kill(Thread& thread, i32 pid, int signal) {
    if (signal != 0 && !valid(signal)) return Errno::einval;
    SignalInfo info = info_from(thread, signal, code_user);
    if (pid > 0) {
        auto target = tasks().find_process(pid);
        if (!target) return Errno::esrch;
        TRY(kill_process(thread, *target, info));
    } else if (pid == -1) {
        Process* self = thread.process;
        TRY(kill_many(thread, info, [&](Process& p) { return &p != self; }));
    } else {
        if (pid == static_cast<i32>(0x80000000)) return Errno::esrch;
        i32 group = pid == 0 ? thread.process->group_id : -pid;
        TRY(kill_many(thread, info, [&](Process& p) { return p.group_id == group; }));
    }
    return u64{0};
}

Result<u64> tkill(Thread& thread, i32 tid, int signal) {
    if (tid <= 0 || (signal != 0 && !valid(signal))) return Errno::einval;
    return send_to_thread(thread, 0, tid, info_from(thread, signal, code_tkill));
}

Result<u64> tgkill(Thread& thread, i32 pid, i32 tid, int signal) {
    if (pid <= 0 || tid <= 0 || (signal != 0 && !valid(signal))) return Errno::einval;
    return send_to_thread(thread, pid, tid, info_from(thread, signal, code_tkill));
}

Result<u64> rt_sigqueueinfo(Thread& thread, i32 pid, int signal, UserPtr<const AbiSiginfo> abi) {
    SignalInfo info = TRY(queued_info(thread, pid, signal, abi));
    if (signal != 0 && !valid(signal)) return Errno::einval;
    auto target = tasks().find_process(pid);
    if (!target) return Errno::esrch;
    TRY(kill_process(thread, *target, info));
    return u64{0};
}

Result<u64> rt_tgsigqueueinfo(Thread& thread, i32 pid, i32 tid, int signal, UserPtr<const AbiSiginfo> abi) {
    if (pid <= 0 || tid <= 0) return Errno::einval;
    SignalInfo info = TRY(queued_info(thread, pid, signal, abi));
    if (signal != 0 && !valid(signal)) return Errno::einval;
    return send_to_thread(thread, pid, tid, info);
}

Result<u64> rt_sigaction(Thread& thread, int signal, UserPtr<const AbiSigaction> action,
                         UserPtr<AbiSigaction> old, usize set_size) {
    if (set_size != kernel_set_size || !valid(signal)) return Errno::einval;
    AbiSigaction fresh{};
    if (action) {
        fresh = TRY(action.read());
        if (signal == sigkill || signal == sigstop) return Errno::einval;
    }
    SignalAction before;
    {
        LockGuard guard(thread.process->signal_mutex);
        SignalAction& slot = thread.actions->actions[signal - 1];
        {
            LockGuard actions(thread.actions->mutex);
            before = slot;
            if (action) {
                constexpr u64 known = sa_nocldstop | sa_nocldwait | sa_siginfo | sa_restorer | sa_onstack |
                                      sa_restart | sa_nodefer | sa_resethand | 0x800;
                slot = {fresh.handler, fresh.flags & known, fresh.restorer, {fresh.mask}};
                slot.mask.remove(sigkill);
                slot.mask.remove(sigstop);
            }
        }
        bool ignores =
            action && (fresh.handler == handler_ignore ||
                       (fresh.handler == handler_default && default_action(signal) == DefaultAction::ignore));
        if (ignores) flush_signal(*thread.process, signal);
    }
    if (old) TRY(old.write({before.handler, before.flags, before.restorer, before.mask.bits}));
    return u64{0};
}

Result<u64> rt_sigprocmask(Thread& thread, int how, UserPtr<const u64> set, UserPtr<u64> old,
                           usize set_size) {
    if (set_size != kernel_set_size) return Errno::einval;
    u64 before = thread.mask.bits;
    if (set) {
        u64 bits = TRY(set.read());
        switch (how) {
            case 0:
                bits = before | bits;
                break;
            case 1:
                bits = before & ~bits;
                break;
            case 2:
                break;
            default:
                return Errno::einval;
        }
        set_signal_mask(thread, {bits});
    }
    if (old) TRY(old.write(before));
    return u64{0};
}

Result<u64> rt_sigreturn(Thread& thread) {
    restore_signal_frame(platform::guest_frame(thread.block));
    return u64{0};
}

Result<u64> rt_sigpending(Thread& thread, UserPtr<u64> set, usize set_size) {
    if (set_size > kernel_set_size) return Errno::einval;
    u64 bits = pending_signals(thread).bits & thread.mask.bits;
    TRY(copy_to_user(set.address(), &bits, set_size));
    return u64{0};
}

Result<u64> rt_sigtimedwait(Thread& thread, UserPtr<const u64> set, UserPtr<AbiSiginfo> info,
                            UserPtr<const AbiTimespec> timeout, usize set_size) {
    if (set_size != kernel_set_size) return Errno::einval;
    SignalSet wanted{TRY(set.read())};
    wanted.remove(sigkill);
    wanted.remove(sigstop);
    u64 deadline = platform::no_deadline;
    if (timeout) deadline = deadline_after(TRY(to_ns(TRY(timeout.read()))));
    SignalInfo taken;
    {
        LockGuard guard(thread.process->signal_mutex);
        thread.waiting_for = wanted;
    }
    Result<void> result;
    for (;;) {
        u32 generation = wait_generation();
        if (take_signal(thread, wanted, taken)) break;
        // Signals that arrive for us set work_signal; those we wait for are not an interruption.
        update_signal_work(thread);
        result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        if (take_signal(thread, wanted, taken)) result = {};
        break;
    }
    {
        LockGuard guard(thread.process->signal_mutex);
        thread.waiting_for = {};
    }
    update_signal_work(thread);
    if (!result.ok()) return result.error() == Errno::etimedout ? Errno::eagain : Errno::eintr;
    timer_signal_taken(*thread.process, taken);
    if (info) TRY(info.write(to_abi(taken)));
    return static_cast<u64>(taken.signal);
}

Result<u64> rt_sigsuspend(Thread& thread, UserPtr<const u64> set, usize set_size) {
    if (set_size != kernel_set_size) return Errno::einval;
    u64 bits = TRY(set.read());
    thread.saved_mask = thread.mask;
    thread.restore_mask = true;
    set_signal_mask(thread, {bits});
    for (;;) {
        u32 generation = wait_generation();
        auto result = block(generation, platform::no_deadline, Interruptible::yes);
        if (!result.ok()) return Errno::restartnohand;
    }
}

Result<u64> pause(Thread&) {
    for (;;) {
        u32 generation = wait_generation();
        auto result = block(generation, platform::no_deadline, Interruptible::yes);
        if (!result.ok()) return Errno::restartnohand;
    }
}

Result<u64> sigaltstack(Thread& thread, UserPtr<const AbiStack> stack, UserPtr<AbiStack> old) {
    u64 pointer = platform::guest_frame(thread.block).rsp;
    auto& current = thread.alternate_stack;
    AbiStack before{};
    before.base = current.base;
    before.size = current.size;
    before.flags = current.flags & ss_autodisarm;
    if (current.size == 0)
        before.flags |= ss_disable;
    else if (on_alternate_stack(thread, pointer))
        before.flags |= ss_onstack;
    if (stack) {
        AbiStack fresh = TRY(stack.read());
        u32 mode = fresh.flags & ~ss_autodisarm;
        if (on_alternate_stack(thread, pointer)) return Errno::eperm;
        if (mode != 0 && mode != ss_disable && mode != ss_onstack) return Errno::einval;
        if (mode == ss_disable) {
            current = {0, 0, fresh.flags};
        } else {
            if (fresh.size < minimum_signal_stack) return Errno::enomem;
            current = {fresh.base, fresh.size, fresh.flags & ss_autodisarm};
        }
    }
    if (old) TRY(old.write(before));
    return u64{0};
}

Result<u64> restart_syscall(Thread& thread) {
    if (thread.restart.function == nullptr) return Errno::eintr;
    return thread.restart.function(thread);
}

}  // namespace litebox::sys
