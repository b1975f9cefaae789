#include "core/kernel.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/task_calls.h"
#include "linux/vdso/vdso.h"

namespace litebox::sys {

namespace {

constexpr int timer_absolute = 1;

/// Sleeps to a monotonic deadline; `left` gets the rest when a signal ends it. Restarts through
/// restart_syscall.
Result<u64> sleep_until(Thread& thread, u64 deadline, u64 left);

Result<u64> sleep_again(Thread& thread) {
    return sleep_until(thread, thread.restart.words[0], thread.restart.words[1]);
}

Result<u64> sleep_until(Thread& thread, u64 deadline, u64 left) {
    for (;;) {
        u32 generation = wait_generation();
        auto result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        if (result.error() == Errno::etimedout) return u64{0};
        u64 now = platform::monotonic_ns();
        if (left != 0)
            TRY(UserPtr<AbiTimespec>(left).write(to_timespec(deadline > now ? deadline - now : 0)));
        thread.restart.function = sleep_again;
        thread.restart.words[0] = deadline;
        thread.restart.words[1] = left;
        return Errno::restart_block;
    }
}

Result<TimerSetting> setting_from(const AbiItimerspec& spec) {
    return TimerSetting{TRY(to_ns(spec.value)), TRY(to_ns(spec.interval))};
}
AbiItimerspec spec_from(const TimerSetting& setting) {
    return {to_timespec(setting.interval_ns), to_timespec(setting.value_ns)};
}
AbiItimerval val_from(const TimerSetting& setting) {
    return {to_timeval(setting.interval_ns), to_timeval(setting.value_ns)};
}

Result<IntervalTimer> interval_timer(int which) {
    if (which < 0 || which > 2) return Errno::einval;
    return static_cast<IntervalTimer>(which);
}

}  // namespace

Result<u64> nanosleep(Thread& thread, UserPtr<const AbiTimespec> wanted, UserPtr<AbiTimespec> left) {
    u64 ns = TRY(to_ns(TRY(wanted.read())));
    return sleep_until(thread, deadline_after(ns), left.address());
}

Result<u64> clock_nanosleep(Thread& thread, int clock, int flags, UserPtr<const AbiTimespec> wanted,
                            UserPtr<AbiTimespec> left) {
    if (clock == clock_thread_cpu || (clock < 0 && (clock & 4) != 0 && (clock & 3) <= 2))
        return Errno::einval;
    if (clock == clock_monotonic_raw || clock == clock_realtime_coarse || clock == clock_monotonic_coarse)
        return Errno::eopnotsupp;
    TRY(read_clock(clock));
    u64 ns = TRY(to_ns(TRY(wanted.read())));
    bool absolute = (flags & timer_absolute) != 0;
    bool cpu_clock = clock == clock_process_cpu || clock < 0;
    if (cpu_clock) {
        // CPU time passes only while somebody runs: look at it now and then.
        constexpr u64 poll_ns = 2'000'000;
        u64 target = absolute ? ns : TRY(read_clock(clock)) + ns;
        while (TRY(read_clock(clock)) < target) {
            u32 generation = wait_generation();
            auto result = block(generation, deadline_after(poll_ns), Interruptible::yes);
            if (!result.ok() && result.error() != Errno::etimedout) return Errno::eintr;
        }
        return u64{0};
    }
    if (!absolute) return sleep_until(thread, deadline_after(ns), left.address());
    u64 deadline = TRY(deadline_from(clock, ns));
    for (;;) {
        u32 generation = wait_generation();
        auto result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        return result.error() == Errno::etimedout ? Result<u64>(u64{0}) : Result<u64>(Errno::restartnohand);
    }
}

Result<u64> clock_gettime(Thread&, int clock, UserPtr<AbiTimespec> time) {
    u64 ns = TRY(read_clock(clock));
    TRY(time.write(to_timespec(ns)));
    return u64{0};
}

Result<u64> clock_getres(Thread&, int clock, UserPtr<AbiTimespec> resolution) {
    TRY(read_clock(clock));
    constexpr i64 coarse_ns = 4'000'000;
    bool coarse = clock == clock_realtime_coarse || clock == clock_monotonic_coarse;
    if (resolution) TRY(resolution.write({0, coarse ? coarse_ns : 1}));
    return u64{0};
}

Result<u64> clock_settime(Thread& thread, int clock, UserPtr<const AbiTimespec> time) {
    if (clock != clock_realtime) return Errno::einval;
    u64 ns = TRY(to_ns(TRY(time.read())));
    if (!thread.credentials->capable(cap_sys_time)) return Errno::eperm;
    adjust_realtime(static_cast<i64>(ns - platform::realtime_ns()));
    return u64{0};
}

Result<u64> settimeofday(Thread& thread, UserPtr<const AbiTimeval> time, u64) {
    if (!thread.credentials->capable(cap_sys_time)) return Errno::eperm;
    if (!time) return u64{0};
    u64 ns = TRY(to_ns(TRY(time.read())));
    adjust_realtime(static_cast<i64>(ns - platform::realtime_ns()));
    return u64{0};
}

namespace {
struct Timex {
    u32 modes, padding;
    i64 offset, frequency, maximum_error, estimated_error;
    i32 status, padding2;
    i64 constant, precision, tolerance;
    AbiTimeval time;
    i64 tick, pps[5];
    i32 more[14];
};
constexpr u64 time_error = 5;  // TIME_ERROR: the clock is not synchronised
}  // namespace

Result<u64> clock_adjtime(Thread& thread, int clock, u64 buffer) {
    if (clock != clock_realtime) return clock >= 0 && clock <= 11 ? Errno::eopnotsupp : Errno::einval;
    return adjtimex(thread, buffer);
}

Result<u64> adjtimex(Thread& thread, u64 buffer) {
    auto timex = TRY(UserPtr<const Timex>(buffer).read());
    if (timex.modes != 0 && !thread.credentials->capable(cap_sys_time)) return Errno::eperm;
    if (timex.modes != 0) return Errno::eopnotsupp;
    timex = {};
    timex.status = 64;  // STA_UNSYNC
    timex.tick = 10000;
    timex.precision = 1;
    timex.tolerance = 32768000;
    timex.maximum_error = timex.estimated_error = 16000000;
    timex.time = to_timeval(TRY(read_clock(clock_realtime)));
    TRY(UserPtr<Timex>(buffer).write(timex));
    return time_error;
}

Result<u64> gettimeofday(Thread&, UserPtr<AbiTimeval> time, u64 zone) {
    if (time) TRY(time.write(to_timeval(TRY(read_clock(clock_realtime)))));
    if (zone != 0) TRY(UserPtr<u64>(zone).write(0));
    return u64{0};
}

Result<u64> time(Thread&, UserPtr<i64> seconds) {
    i64 now = static_cast<i64>(TRY(read_clock(clock_realtime)) / ns_per_second);
    if (seconds) TRY(seconds.write(now));
    return static_cast<u64>(now);
}

Result<u64> times(Thread& thread, u64 buffer) {
    struct Tms {
        i64 user, system, children_user, children_system;
    };
    constexpr u64 tick_ns = 10'000'000;
    ResourceUsage own = thread.process->own_usage();
    const ResourceUsage& children = thread.process->dead_children;
    Tms tms{static_cast<i64>(own.user_ns / tick_ns), static_cast<i64>(own.system_ns / tick_ns),
            static_cast<i64>(children.user_ns / tick_ns), static_cast<i64>(children.system_ns / tick_ns)};
    if (buffer != 0) TRY(UserPtr<Tms>(buffer).write(tms));
    return platform::monotonic_ns() / tick_ns;
}

Result<u64> alarm(Thread& thread, u32 seconds) {
    TimerSetting setting{u64{seconds} * ns_per_second, 0};
    TimerSetting old = TRY(set_interval_timer(*thread.process, IntervalTimer::real, setting));
    u64 left = old.value_ns / ns_per_second;
    bool round_up = old.value_ns % ns_per_second >= ns_per_second / 2 || (left == 0 && old.value_ns != 0);
    return left + (round_up ? 1 : 0);
}

Result<u64> getitimer(Thread& thread, int which, UserPtr<AbiItimerval> value) {
    auto setting = TRY(get_interval_timer(*thread.process, TRY(interval_timer(which))));
    TRY(value.write(val_from(setting)));
    return u64{0};
}

Result<u64> setitimer(Thread& thread, int which, UserPtr<const AbiItimerval> value,
                      UserPtr<AbiItimerval> old) {
    TimerSetting setting;
    if (value) {
        auto abi = TRY(value.read());
        setting = {TRY(to_ns(abi.value)), TRY(to_ns(abi.interval))};
    }
    auto before = TRY(set_interval_timer(*thread.process, TRY(interval_timer(which)), setting));
    if (old) TRY(old.write(val_from(before)));
    return u64{0};
}

Result<u64> timer_create(Thread& thread, int clock, u64 event, UserPtr<i32> id) {
    struct Sigevent {
        u64 value;
        i32 signal, notify, tid;
        u8 padding[44];
    };
    TimerEvent wanted;
    if (event != 0) {
        auto abi = TRY(UserPtr<const Sigevent>(event).read());
        wanted.signal = abi.signal;
        wanted.value = abi.value;
        switch (abi.notify) {
            case 0:
                break;
            case 1:
                wanted.notify = TimerEvent::Notify::none;
                break;
            case 4: {
                wanted.notify = TimerEvent::Notify::thread;
                wanted.tid = abi.tid;
                auto target = tasks().find_thread(abi.tid);
                if (!target || target->process != thread.process) return Errno::einval;
                break;
            }
            default:
                return Errno::einval;
        }
        if (abi.notify != 1 && (abi.signal < 1 || abi.signal > signal_max)) return Errno::einval;
    }
    if (clock == clock_monotonic_raw || clock == clock_realtime_coarse || clock == clock_monotonic_coarse)
        return Errno::eopnotsupp;
    int created = TRY(create_timer(*thread.process, clock, wanted, event == 0));
    auto written = id.write(created);
    if (!written.ok()) {
        (void)delete_timer(*thread.process, created);
        return written.error();
    }
    return u64{0};
}

Result<u64> timer_settime(Thread& thread, int id, int flags, UserPtr<const AbiItimerspec> value,
                          UserPtr<AbiItimerspec> old) {
    if (!value) return Errno::einval;
    auto setting = TRY(setting_from(TRY(value.read())));
    auto before = TRY(set_timer(*thread.process, id, (flags & timer_absolute) != 0, setting));
    if (old) TRY(old.write(spec_from(before)));
    return u64{0};
}

Result<u64> timer_gettime(Thread& thread, int id, UserPtr<AbiItimerspec> value) {
    TRY(value.write(spec_from(TRY(get_timer(*thread.process, id)))));
    return u64{0};
}

Result<u64> timer_getoverrun(Thread& thread, int id) {
    return static_cast<u64>(TRY(timer_overruns(*thread.process, id)));
}

Result<u64> timer_delete(Thread& thread, int id) {
    TRY(delete_timer(*thread.process, id));
    return u64{0};
}

}  // namespace litebox::sys
