#include "core/task/timers.h"

#include "core/kernel.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

/// CPU-time clocks move only while somebody runs: they are looked at this often while a timer on them is
/// armed.
constexpr u64 cpu_poll_ns = 4'000'000;

bool is_cpu_clock(int clock) {
    return clock == clock_process_cpu || clock == clock_thread_cpu || clock < 0;
}

u64 process_cpu(Process& process) {
    ResourceUsage usage = process.own_usage();
    return usage.user_ns + usage.system_ns;
}

}  // namespace

/// Expiry in its own clock, periodic; shared by interval and POSIX timers.
class PeriodicTimer : public Timer {
  public:
    explicit PeriodicTimer(Process& process) : process_(process) {}
    ~PeriodicTimer() = default;

    void fire(u64 monotonic_now) override {
        LockGuard guard(mutex_);
        if (expiry_ == 0) return;
        u64 now = clock_now(monotonic_now);
        if (now < expiry_) {
            next_deadline = deadline_of(expiry_, now);
            return;
        }
        u64 expirations = 1;
        if (interval_ == 0) {
            expiry_ = 0;
        } else {
            expirations += (now - expiry_) / interval_;
            expiry_ += expirations * interval_;
            next_deadline = deadline_of(expiry_, now);
        }
        expired(expirations);
    }

    TimerSetting setting() {
        LockGuard guard(mutex_);
        return locked_setting(clock_now(platform::monotonic_ns()));
    }

    /// Returns the old setting. `absolute`: value_ns is a time of the clock.
    TimerSetting set(TimerSetting wanted, bool absolute) {
        TimerSetting old;
        u64 deadline = 0;
        {
            LockGuard guard(mutex_);
            u64 now = clock_now(platform::monotonic_ns());
            old = locked_setting(now);
            interval_ = wanted.interval_ns;
            expiry_ = 0;
            if (wanted.value_ns != 0) {
                if (absolute || !checked_add(now, wanted.value_ns, &expiry_))
                    expiry_ = absolute ? wanted.value_ns : ~u64{0};
                deadline = deadline_of(expiry_, now);
            }
            reset();
        }
        kernel().timers->arm(*this, deadline);
        return old;
    }

    int clock = clock_monotonic;

  protected:
    virtual void expired(u64 expirations) = 0;
    virtual void reset() {}
    Process& process_;
    Mutex mutex_{LockRank::rename};
    u32 thread_id_ = 0;

  private:
    u64 clock_now(u64 monotonic_now) {
        if (clock == clock_monotonic) return monotonic_now;
        // No current thread here: other CPU clocks are this process's as well.
        if (is_cpu_clock(clock)) return process_cpu(process_);
        return read_clock(clock).value_or(0);
    }
    u64 deadline_of(u64 expiry, u64 now) const {
        u64 left = expiry > now ? expiry - now : 1;
        return deadline_after(is_cpu_clock(clock) ? min(left, cpu_poll_ns) : left);
    }
    TimerSetting locked_setting(u64 now) const {
        if (expiry_ == 0) return {0, interval_};
        return {expiry_ > now ? expiry_ - now : 1, interval_};
    }
    u64 expiry_ = 0;  // in `clock`; 0: off
    u64 interval_ = 0;
};

class SignalTimer final : public PeriodicTimer {
  public:
    SignalTimer(Process& process, int signal) : PeriodicTimer(process), signal_(signal) {}

  protected:
    void expired(u64) override {
        SignalInfo info;
        info.signal = signal_;
        info.code = code_kernel;
        (void)send_signal(process_, info);
    }

  private:
    int signal_;
};

class PosixTimer final : public PeriodicTimer {
  public:
    PosixTimer(Process& process, int id, TimerEvent event) : PeriodicTimer(process), id_(id), event_(event) {
        queued_.preallocated = true;
        queued_.info.signal = event.signal;
        queued_.info.code = code_timer;
        queued_.info.value = event.value;
        queued_.info.timer_id = id;
    }
    ~PosixTimer() {
        LockGuard guard(process_.signal_mutex);
        if (queued_.node.linked()) queued_.node.unlink();
    }
    int overrun() {
        LockGuard guard(mutex_);
        return last_overrun_;
    }
    int signal_taken() {
        LockGuard guard(mutex_);
        last_overrun_ = static_cast<int>(min<u64>(missed_, 0x7fffffff));
        missed_ = 0;
        return last_overrun_;
    }
    [[nodiscard]] int id() const { return id_; }

  protected:
    void expired(u64 expirations) override {
        if (event_.notify == TimerEvent::Notify::none) return;
        Ref<Thread> thread;
        if (event_.notify == TimerEvent::Notify::thread) thread = tasks().find_thread(event_.tid);
        bool queued = send_preallocated(process_, thread.get(), queued_);
        missed_ += queued ? expirations - 1 : expirations;
    }
    void reset() override { missed_ = 0, last_overrun_ = 0; }

  private:
    int id_;
    TimerEvent event_;
    QueuedSignal queued_;
    u64 missed_ = 0;
    int last_overrun_ = 0;
};

/// RLIMIT_CPU: SIGXCPU at the soft limit and each second after, SIGKILL at the hard one.
class CpuLimitTimer final : public PeriodicTimer {
  public:
    explicit CpuLimitTimer(Process& process) : PeriodicTimer(process) { clock = clock_process_cpu; }

  protected:
    void expired(u64) override {
        constexpr u64 second = 1'000'000'000;
        u64 hard;
        {
            LockGuard guard(process_.limits_mutex);
            hard = process_.limits[limit_cpu].hard;
        }
        SignalInfo info;
        info.signal = hard != limit_infinity && process_cpu(process_) / second >= hard ? sigkill : sigxcpu;
        info.code = code_kernel;
        (void)send_signal(process_, info);
    }
};

class TimerSet : Pinned {
  public:
    explicit TimerSet(Process& process)
        : real(process, sigalrm),
          virtual_(process, sigvtalrm),
          profiling(process, sigprof),
          cpu_limit(process) {
        virtual_.clock = profiling.clock = clock_process_cpu;
    }
    ~TimerSet() {
        for (usize i = 0; i < registered_; i++) kernel().timers->unregister_timer(*fixed(i));
        drop_posix();
    }
    Result<void> register_all() {
        for (; registered_ < 4; registered_++) TRY(kernel().timers->register_timer(*fixed(registered_)));
        return {};
    }
    SignalTimer& interval(IntervalTimer which) {
        if (which == IntervalTimer::real) return real;
        return which == IntervalTimer::virtual_ ? virtual_ : profiling;
    }
    void drop_posix() {
        while (!posix.empty()) {
            kernel().timers->unregister_timer(*posix.last());
            posix.pop();
        }
    }
    PosixTimer* find(int id) {
        for (auto& timer : posix)
            if (timer->id() == id) return timer.get();
        return nullptr;
    }

    Mutex mutex{LockRank::mounts};
    SignalTimer real, virtual_, profiling;
    CpuLimitTimer cpu_limit;
    Vector<Own<PosixTimer>> posix;
    int next_id = 0;

  private:
    Timer* fixed(usize index) {
        Timer* all[] = {&real, &virtual_, &profiling, &cpu_limit};
        return all[index];
    }
    usize registered_ = 0;
};

namespace {

Result<TimerSet*> timers_of(Process& process) {
    if (TimerSet* set = process.timers.load(std::memory_order_acquire)) return set;
    auto set = TRY(make_own<TimerSet>(process));
    TRY(set->register_all());
    TimerSet* expected = nullptr;
    if (!process.timers.compare_exchange_strong(expected, set.get())) return expected;
    return set.release();
}

Result<PosixTimer*> find_timer(Process& process, int id) {
    TimerSet* set = process.timers.load(std::memory_order_acquire);
    PosixTimer* timer = set != nullptr ? set->find(id) : nullptr;
    if (timer == nullptr) return Errno::einval;
    return timer;
}

}  // namespace

Result<TimerSetting> get_interval_timer(Process& process, IntervalTimer which) {
    return TRY(timers_of(process))->interval(which).setting();
}

Result<TimerSetting> set_interval_timer(Process& process, IntervalTimer which, TimerSetting setting) {
    return TRY(timers_of(process))->interval(which).set(setting, false);
}

Result<int> create_timer(Process& process, int clock, TimerEvent event, bool default_value) {
    TRY(read_clock(clock));
    TimerSet& set = *TRY(timers_of(process));
    LockGuard guard(set.mutex);
    int id = set.next_id;
    if (default_value) event.value = static_cast<u64>(id);
    auto timer = TRY(make_own<PosixTimer>(process, id, event));
    timer->clock = clock;
    TRY(set.posix.reserve(set.posix.size() + 1));
    TRY(kernel().timers->register_timer(*timer));
    TRY(set.posix.push(std::move(timer)));
    set.next_id++;
    return id;
}

Result<TimerSetting> set_timer(Process& process, int id, bool absolute, TimerSetting setting) {
    TimerSet& set = *TRY(timers_of(process));
    LockGuard guard(set.mutex);
    return TRY(find_timer(process, id))->set(setting, absolute);
}

Result<TimerSetting> get_timer(Process& process, int id) {
    TimerSet& set = *TRY(timers_of(process));
    LockGuard guard(set.mutex);
    return TRY(find_timer(process, id))->setting();
}

Result<int> timer_overruns(Process& process, int id) {
    TimerSet& set = *TRY(timers_of(process));
    LockGuard guard(set.mutex);
    return TRY(find_timer(process, id))->overrun();
}

Result<void> delete_timer(Process& process, int id) {
    TimerSet& set = *TRY(timers_of(process));
    LockGuard guard(set.mutex);
    PosixTimer* timer = TRY(find_timer(process, id));
    kernel().timers->unregister_timer(*timer);
    for (usize i = 0; i < set.posix.size(); i++)
        if (set.posix[i].get() == timer) {
            set.posix.remove(i);
            break;
        }
    return {};
}

void drop_timers(Process& process, bool interval_timers_too) {
    TimerSet* set = process.timers.load(std::memory_order_acquire);
    if (set == nullptr) return;
    if (!interval_timers_too) return set->drop_posix();
    process.timers.store(nullptr, std::memory_order_release);
    HeapDelete<TimerSet>{}(set);
}

void timer_signal_taken(Process& process, SignalInfo& info) {
    TimerSet* set = process.timers.load(std::memory_order_acquire);
    if (info.code != code_timer || set == nullptr) return;
    LockGuard guard(set->mutex);
    if (PosixTimer* timer = set->find(info.timer_id)) info.overrun = timer->signal_taken();
}

void watch_cpu_limit(Process& process) {
    constexpr u64 second = 1'000'000'000;
    u64 soft = process.limit(limit_cpu);
    auto set = timers_of(process);
    if (!set.ok()) return;
    TimerSetting setting;
    if (soft != limit_infinity && checked_mul(soft, second, &setting.value_ns)) {
        setting.value_ns = max<u64>(setting.value_ns, 1);
        setting.interval_ns = second;
    } else {
        setting = {};
    }
    (void)set.value()->cpu_limit.set(setting, true);
}

}  // namespace litebox
