#include "core/kernel.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/rusage_abi.h"
#include "linux/task_calls.h"

namespace litebox::sys {

namespace {

enum Policy : int {
    policy_other,
    policy_fifo,
    policy_round_robin,
    policy_batch,
    policy_idle = 5,
    policy_deadline = 6
};
constexpr int reset_on_fork = 0x40000000;

bool is_realtime(int policy) {
    return policy == policy_fifo || policy == policy_round_robin;
}
bool is_known(int policy) {
    return policy == policy_other || policy == policy_batch || policy == policy_idle || is_realtime(policy);
}

Result<Ref<Thread>> thread_or_self(Thread& thread, i32 tid) {
    if (tid < 0) return Errno::einval;
    if (tid == 0) return Ref<Thread>(&thread);
    // Init is no thread of its own; it is scheduled as an ordinary process is.
    if (tid == 1) return Ref<Thread>(&thread);
    auto target = tasks().find_thread(tid);
    if (!target) return Errno::esrch;
    return target;
}

Result<void> may_change(const Thread& thread, const Thread& target) {
    const Credentials& who = *thread.credentials;
    if (who.euid == target.credentials->uid || who.euid == target.credentials->euid ||
        who.capable(cap_sys_nice))
        return {};
    return Errno::eperm;
}

Result<void> set_policy(Thread& thread, Thread& target, int policy, int priority) {
    policy &= ~reset_on_fork;
    if (!is_known(policy)) return Errno::einval;
    if (is_realtime(policy) ? priority < 1 || priority > 99 : priority != 0) return Errno::einval;
    TRY(may_change(thread, target));
    u64 allowed = thread.process->limit(limit_rtprio);
    bool raise = is_realtime(policy) && static_cast<u64>(priority) > allowed;
    if (raise && !thread.credentials->capable(cap_sys_nice)) return Errno::eperm;
    target.scheduling_policy = static_cast<u32>(policy);
    target.priority = static_cast<u32>(priority);
    target.tell_scheduling();
    return {};
}

/// The processor that the thread is told it runs on. Affinity is recorded and not enforced (docs/CAVEATS.md);
/// a thread that pinned itself is told a processor of its own mask, as its per-processor data depends on.
u32 processor_of(const Thread& thread) {
    u32 current = platform::current_processor();
    u32 word = current / 64;
    if (word < 16 && (thread.affinity[word] >> current % 64 & 1) != 0) return current;
    for (u32 i = 0; i < 16; i++)
        if (thread.affinity[i] != 0) return i * 64 + static_cast<u32>(__builtin_ctzll(thread.affinity[i]));
    return current;
}

}  // namespace

Result<u64> sched_yield(Thread&) {
    platform::yield();
    return u64{0};
}

Result<u64> sched_setparam(Thread& thread, i32 pid, UserPtr<const i32> priority) {
    if (!priority) return Errno::einval;
    auto target = TRY(thread_or_self(thread, pid));
    TRY(set_policy(thread, *target, static_cast<int>(target->scheduling_policy), TRY(priority.read())));
    return u64{0};
}

Result<u64> sched_getparam(Thread& thread, i32 pid, UserPtr<i32> priority) {
    if (!priority) return Errno::einval;
    TRY(priority.write(static_cast<i32>(TRY(thread_or_self(thread, pid))->priority)));
    return u64{0};
}

Result<u64> sched_setscheduler(Thread& thread, i32 pid, int policy, UserPtr<const i32> priority) {
    if (!priority || policy < 0) return Errno::einval;
    auto target = TRY(thread_or_self(thread, pid));
    TRY(set_policy(thread, *target, policy, TRY(priority.read())));
    return u64{0};
}

Result<u64> sched_getscheduler(Thread& thread, i32 pid) {
    return u64{TRY(thread_or_self(thread, pid))->scheduling_policy};
}

Result<u64> sched_get_priority_max(Thread&, int policy) {
    if (!is_known(policy) && policy != policy_deadline) return Errno::einval;
    return u64{is_realtime(policy) ? 99u : 0u};
}
Result<u64> sched_get_priority_min(Thread&, int policy) {
    if (!is_known(policy) && policy != policy_deadline) return Errno::einval;
    return u64{is_realtime(policy) ? 1u : 0u};
}

Result<u64> sched_rr_get_interval(Thread& thread, i32 pid, UserPtr<AbiTimespec> interval) {
    auto target = TRY(thread_or_self(thread, pid));
    constexpr i64 slice_ns = 4'000'000, round_robin_ns = 100'000'000;
    i64 ns = target->scheduling_policy == policy_round_robin
                 ? round_robin_ns
                 : (target->scheduling_policy == policy_fifo ? 0 : slice_ns);
    TRY(interval.write({0, ns}));
    return u64{0};
}

Result<u64> sched_setaffinity(Thread& thread, i32 pid, u32 size, u64 mask) {
    if (pid < 0) return Errno::esrch;
    auto target = TRY(thread_or_self(thread, pid));
    TRY(may_change(thread, *target));
    u64 words[16] = {};
    TRY(copy_from_user(words, mask, min<usize>(size, sizeof(words))));
    u32 count = platform::processor_count();
    bool any = false;
    for (u32 i = 0; i < 1024; i++) {
        if (i >= count) words[i / 64] &= ~(u64{1} << i % 64);
        any |= (words[i / 64] >> i % 64 & 1) != 0;
    }
    if (!any) return Errno::einval;
    memcpy(target->affinity, words, sizeof(words));
    target->tell_scheduling();
    return u64{0};
}

Result<u64> sched_getaffinity(Thread& thread, i32 pid, u32 size, u64 mask) {
    u32 count = platform::processor_count();
    if (size * 8 < count || (size & 7) != 0) return Errno::einval;
    if (pid < 0) return Errno::esrch;
    auto target = TRY(thread_or_self(thread, pid));
    usize bytes = min<usize>(size, 8 * ((count + 63) / 64));
    TRY(copy_to_user(mask, target->affinity, bytes));
    return u64{bytes};
}

namespace {
struct AbiSchedAttr {
    u32 size, policy;
    u64 flags;
    i32 nice;
    u32 priority;
    u64 runtime, deadline, period;
    u32 utilisation_min, utilisation_max;
};
constexpr u32 attr_size_0 = 48;
}  // namespace

Result<u64> sched_setattr(Thread& thread, i32 pid, u64 attributes, u32 flags) {
    if (attributes == 0 || pid < 0 || flags != 0) return Errno::einval;
    u32 size = TRY(UserPtr<const u32>(attributes).read());
    if (size == 0) size = attr_size_0;
    if (size < attr_size_0 || size > page_size) {
        TRY(UserPtr<u32>(attributes).write(sizeof(AbiSchedAttr)));
        return Errno::e2big;
    }
    AbiSchedAttr attr{};
    TRY(copy_from_user(&attr, attributes, min<usize>(size, sizeof(attr))));
    constexpr u64 known_flags = 0x7f;
    if ((attr.flags & ~known_flags) != 0) return Errno::einval;
    auto target = TRY(thread_or_self(thread, pid));
    TRY(set_policy(thread, *target, static_cast<int>(attr.policy), static_cast<int>(attr.priority)));
    if (!is_realtime(static_cast<int>(attr.policy))) target->nice = max(-20, min(19, attr.nice));
    target->tell_scheduling();
    return u64{0};
}

Result<u64> sched_getattr(Thread& thread, i32 pid, u64 attributes, u32 size, u32 flags) {
    if (attributes == 0 || size > page_size || size < attr_size_0 || flags != 0) return Errno::einval;
    auto target = TRY(thread_or_self(thread, pid));
    AbiSchedAttr attr{};
    attr.size = min<u32>(size, sizeof(attr));
    attr.policy = target->scheduling_policy;
    attr.nice = target->nice;
    attr.priority = target->priority;
    if (attr.size == sizeof(attr)) attr.utilisation_max = 1024;
    TRY(copy_to_user(attributes, &attr, attr.size));
    return u64{0};
}

namespace {
/// Calls `action` for the threads that getpriority(2)'s which and who name. ESRCH when there is none.
template <typename Action>
Result<void> for_each_named(Thread& thread, int which, i32 who, Action&& action) {
    if (which < 0 || which > 2) return Errno::einval;
    bool any = false;
    LockGuard guard(tasks().mutex);
    for (Process& process : tasks().processes) {
        LockGuard members(process.signal_mutex);
        for (Thread& target : process.threads) {
            bool named = which == 0   ? target.tid == (who == 0 ? thread.tid : who)
                         : which == 1 ? process.group_id == (who == 0 ? thread.process->group_id : who)
                                      : target.credentials->uid ==
                                            (who == 0 ? thread.credentials->uid : static_cast<u32>(who));
            if (!named) continue;
            any = true;
            TRY(action(target));
        }
    }
    if (!any) return Errno::esrch;
    return {};
}
}  // namespace

Result<u64> getpriority(Thread& thread, int which, i32 who) {
    int best = 20;
    TRY(for_each_named(thread, which, who, [&](Thread& target) -> Result<void> {
        best = min(best, target.nice);
        return {};
    }));
    return static_cast<u64>(20 - best);
}

Result<u64> setpriority(Thread& thread, int which, i32 who, int value) {
    value = max(-20, min(19, value));
    u64 floor_limit = thread.process->limit(limit_nice);
    TRY(for_each_named(thread, which, who, [&](Thread& target) -> Result<void> {
        TRY(may_change(thread, target));
        bool allowed = value >= target.nice || static_cast<u64>(20 - value) <= floor_limit;
        if (!allowed && !thread.credentials->capable(cap_sys_nice)) return Errno::eacces;
        target.nice = value;
        target.tell_scheduling();
        return {};
    }));
    return u64{0};
}

Result<u64> ioprio_set(Thread& thread, int which, i32 who, int value) {
    constexpr int real_time = 1, best_effort = 2, idle = 3;
    int kind = value >> 13 & 7, level = value & 0x1fff;
    if (kind == real_time && !thread.credentials->capable(cap_sys_nice) &&
        !thread.credentials->capable(cap_sys_admin))
        return Errno::eperm;
    if (kind > idle || ((kind == real_time || kind == best_effort) && level > 7) || (kind == 0 && level != 0))
        return Errno::einval;
    if (which < 1 || which > 3) return Errno::einval;
    TRY(for_each_named(thread, which - 1, who, [&](Thread& target) -> Result<void> {
        TRY(may_change(thread, target));
        target.io_priority = static_cast<u16>(value);
        return {};
    }));
    return u64{0};
}
Result<u64> ioprio_get(Thread& thread, int which, i32 who) {
    if (which < 1 || which > 3) return Errno::einval;
    u16 best = 0;
    TRY(for_each_named(thread, which - 1, who, [&](Thread& target) -> Result<void> {
        if (best == 0 || (target.io_priority != 0 && target.io_priority < best)) best = target.io_priority;
        return {};
    }));
    return u64{best};
}

Result<u64> prlimit64(Thread& thread, i32 pid, u32 which, u64 fresh, u64 old) {
    Ref<Process> process(thread.process);
    if (pid != 0 && pid != thread.process->pid) {
        process = tasks().find_process(pid);
        if (!process) return Errno::esrch;
        if (!may_signal(thread, *process, sigkill)) return Errno::eperm;
    }
    if (which >= limit_count) return Errno::einval;
    ResourceLimit wanted, before;
    if (fresh != 0) wanted = TRY(UserPtr<const ResourceLimit>(fresh).read());
    {
        LockGuard guard(process->limits_mutex);
        ResourceLimit& limit = process->limits[which];
        before = limit;
        if (fresh != 0) {
            constexpr u64 most_descriptors = 1048576;
            if (wanted.soft > wanted.hard) return Errno::einval;
            if (wanted.hard > limit.hard && !thread.credentials->capable(cap_sys_resource))
                return Errno::eperm;
            if (which == limit_nofile && wanted.hard > most_descriptors) return Errno::eperm;
            limit = wanted;
        }
    }
    if (fresh != 0 && which == limit_cpu) watch_cpu_limit(*process);
    if (old != 0) TRY(UserPtr<ResourceLimit>(old).write(before));
    return u64{0};
}

Result<u64> getrlimit(Thread& thread, u32 which, u64 limit) {
    if (limit == 0) return Errno::efault;
    return prlimit64(thread, 0, which, 0, limit);
}
Result<u64> setrlimit(Thread& thread, u32 which, u64 limit) {
    if (limit == 0) return Errno::efault;
    return prlimit64(thread, 0, which, limit, 0);
}

Result<u64> getrusage(Thread& thread, int who, u64 usage) {
    ResourceUsage wanted;
    switch (who) {
        case 0:
            wanted = thread.process->own_usage();
            break;
        case -1:
            wanted = thread.process->dead_children;
            break;
        case 1:
            wanted = thread.usage();
            break;
        default:
            return Errno::einval;
    }
    TRY(UserPtr<litebox::AbiRusage>(usage).write(to_abi(wanted)));
    return u64{0};
}

Result<u64> sysinfo(Thread&, u64 buffer) {
    struct Info {
        i64 uptime;
        u64 loads[3], total, free, shared, buffers, swap_total, swap_free;
        u16 processes, padding;
        u32 padding2;
        u64 high_total, high_free;
        u32 unit;
        u32 padding3;
    };
    static_assert(sizeof(Info) == 112);
    Info info{};
    // A begun second counts, as on Linux.
    u64 up = platform::monotonic_ns() - kernel().boot_ns;
    info.uptime = static_cast<i64>((up + ns_per_second - 1) / ns_per_second);
    PageQuota& memory = *kernel().memory_quota;
    info.total = memory.limit() * page_size;
    info.free = (memory.limit() - min(memory.limit(), memory.used())) * page_size;
    info.processes = static_cast<u16>(min<u32>(tasks().task_count, 65535));
    info.unit = 1;
    TRY(UserPtr<Info>(buffer).write(info));
    return u64{0};
}

Result<u64> getcpu(Thread& thread, UserPtr<u32> processor, UserPtr<u32> node) {
    if (processor) TRY(processor.write(processor_of(thread)));
    if (node) TRY(node.write(0));
    return u64{0};
}

Result<u64> membarrier(Thread& thread, int command, u32 flags, int) {
    constexpr int query = 0, global = 1, global_expedited = 2, register_global = 4, private_expedited = 8,
                  register_private = 16, private_sync = 32, register_sync = 64;
    constexpr int supported = global | global_expedited | register_global | private_expedited |
                              register_private | private_sync | register_sync;
    if (flags != 0) return Errno::einval;
    switch (command) {
        case query:
            return u64{supported};
        case register_global:
            return u64{0};
        case register_private:
        case register_sync: {
            LockGuard guard(thread.process->limits_mutex);
            thread.process->barriers_registered |= static_cast<u32>(command) >> 1;
            return u64{0};
        }
        case global:
        case global_expedited:
            platform::barrier_all(false);
            return u64{0};
        case private_expedited:
        case private_sync:
            // A command may be used only by a program that registered for it (membarrier(2), EPERM).
            if ((thread.process->barriers_registered & static_cast<u32>(command)) == 0) return Errno::eperm;
            platform::barrier_all(command == private_sync);
            return u64{0};
        default:
            return Errno::einval;
    }
}

}  // namespace litebox::sys
