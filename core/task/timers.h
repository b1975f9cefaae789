// Timers: one service for all deadlines that nobody sleeps on, interval timers, POSIX timers.
#pragma once

#include "core/base/vector.h"
#include "core/task/signal.h"

namespace litebox {

class Process;
class Thread;

/// A deadline in the service. fire() runs in the system process, where there is no current thread: it must
/// neither block nor touch guest memory. Arming never fails: room is reserved when the timer is registered.
class Timer : Pinned {
  public:
    virtual void fire(u64 now) = 0;  // may re-arm by returning a deadline through `next_deadline`
    u64 next_deadline = 0;           // set by fire(): 0 = done

  protected:
    ~Timer() = default;

  private:
    friend class TimerService;
    u64 deadline_ = 0;  // 0: not armed
    usize index_ = 0;   // in the heap
};

class TimerService : Pinned {
  public:
    static Result<TimerService*> create();
    Result<void> register_timer(Timer& timer);
    /// Disarms too; afterwards fire() does not run and is not running.
    void unregister_timer(Timer& timer);
    /// Monotonic nanoseconds; 0 disarms. Replaces the earlier deadline.
    void arm(Timer& timer, u64 deadline);
    /// Upcall: fires what is due.
    void run();

  private:
    void place(usize index, Timer* timer);
    void sift_up(usize index);
    void sift_down(usize index);
    void remove(Timer& timer);
    Mutex mutex_{LockRank::timers};
    Mutex running_{LockRank::mounts};  // held while fire() runs
    Timer* firing_ = nullptr;
    Vector<Timer*> heap_;
    usize registered_ = 0;
    u64 alarm_ = ~u64{0};
};

enum ClockId : int {
    clock_realtime = 0,
    clock_monotonic = 1,
    clock_process_cpu = 2,
    clock_thread_cpu = 3,
    clock_monotonic_raw = 4,
    clock_realtime_coarse = 5,
    clock_monotonic_coarse = 6,
    clock_boottime = 7,
    clock_realtime_alarm = 8,
    clock_boottime_alarm = 9,
    clock_tai = 11,
};
/// Nanoseconds of any clock id, CPU-time clocks of other tasks included. EINVAL for unknown ones.
Result<u64> read_clock(int clock);
/// Absolute time of `clock` as a monotonic deadline (saturating).
Result<u64> deadline_from(int clock, u64 absolute_ns);
/// now + `ns`, saturating below no_deadline.
u64 deadline_after(u64 ns);

struct TimerSetting {
    u64 value_ns = 0;  // until the next expiry; 0: off
    u64 interval_ns = 0;
};

enum class IntervalTimer : u8 { real, virtual_, profiling };
Result<TimerSetting> get_interval_timer(Process& process, IntervalTimer which);
Result<TimerSetting> set_interval_timer(Process& process, IntervalTimer which, TimerSetting setting);

struct TimerEvent {
    enum class Notify : u8 { signal, none, thread };
    Notify notify = Notify::signal;
    int signal = sigalrm;
    u64 value = 0;
    i32 tid = 0;
};
Result<int> create_timer(Process& process, int clock, TimerEvent event, bool default_value);
Result<TimerSetting> set_timer(Process& process, int id, bool absolute, TimerSetting setting);
Result<TimerSetting> get_timer(Process& process, int id);
Result<int> timer_overruns(Process& process, int id);
Result<void> delete_timer(Process& process, int id);
/// exec and exit: POSIX timers go; at exit interval timers too.
void drop_timers(Process& process, bool interval_timers_too);
/// The signal of a timer was taken: its information gets the overrun count, a missed interval counts anew.
void timer_signal_taken(Process& process, SignalInfo& info);
/// RLIMIT_CPU changed.
void watch_cpu_limit(Process& process);

}  // namespace litebox
