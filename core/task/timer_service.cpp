#include "core/kernel.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"

namespace litebox {

Result<TimerService*> TimerService::create() {
    auto service = TRY(make_own<TimerService>());
    return service.release();
}

Result<void> TimerService::register_timer(Timer&) {
    LockGuard guard(mutex_);
    TRY(heap_.reserve(registered_ + 1));
    registered_++;
    return {};
}

void TimerService::unregister_timer(Timer& timer) {
    for (;;) {
        {
            LockGuard guard(mutex_);
            remove(timer);
            if (firing_ != &timer) {
                registered_--;
                return;
            }
        }
        platform::yield();
    }
}

void TimerService::arm(Timer& timer, u64 deadline) {
    LockGuard guard(mutex_);
    remove(timer);
    if (deadline == 0) return;
    timer.deadline_ = deadline;
    // Never fails: register_timer reserved the room.
    if (!heap_.push(&timer).ok()) return;
    timer.index_ = heap_.size() - 1;
    sift_up(timer.index_);
    if (heap_[0]->deadline_ < alarm_) {
        alarm_ = heap_[0]->deadline_;
        platform::set_alarm(alarm_);
    }
}

void TimerService::run() {
    for (;;) {
        Timer* due = nullptr;
        u64 now = platform::monotonic_ns();
        {
            LockGuard guard(mutex_);
            if (heap_.empty() || heap_[0]->deadline_ > now) {
                alarm_ = heap_.empty() ? platform::no_deadline : heap_[0]->deadline_;
                platform::set_alarm(alarm_);
                return;
            }
            due = heap_[0];
            remove(*due);
            due->next_deadline = 0;
            firing_ = due;
        }
        due->fire(now);
        u64 next = due->next_deadline;
        LockGuard guard(mutex_);
        firing_ = nullptr;
        if (next == 0 || due->deadline_ != 0) continue;
        due->deadline_ = next;
        if (!heap_.push(due).ok()) continue;
        due->index_ = heap_.size() - 1;
        sift_up(due->index_);
    }
}

void TimerService::place(usize index, Timer* timer) {
    heap_[index] = timer;
    timer->index_ = index;
}

void TimerService::sift_up(usize index) {
    while (index > 0) {
        usize parent = (index - 1) / 2;
        if (heap_[parent]->deadline_ <= heap_[index]->deadline_) return;
        Timer* above = heap_[parent];
        place(parent, heap_[index]);
        place(index, above);
        index = parent;
    }
}

void TimerService::sift_down(usize index) {
    for (;;) {
        usize least = index;
        for (usize child = 2 * index + 1; child <= 2 * index + 2 && child < heap_.size(); child++)
            if (heap_[child]->deadline_ < heap_[least]->deadline_) least = child;
        if (least == index) return;
        Timer* below = heap_[least];
        place(least, heap_[index]);
        place(index, below);
        index = least;
    }
}

void TimerService::remove(Timer& timer) {
    if (timer.deadline_ == 0) return;
    timer.deadline_ = 0;
    usize index = timer.index_;
    Timer* last = heap_.last();
    heap_.pop();
    if (last == &timer) return;
    place(index, last);
    sift_up(index);
    sift_down(last->index_);
}

namespace {

constexpr u64 latest = platform::no_deadline - 1;

/// Clock ids of other tasks' CPU time: the complement of a pid or tid, shifted by 3; see
/// clock_getcpuclockid(3).
Result<u64> task_cpu_clock(int clock) {
    int kind = clock & 3;
    bool thread_clock = (clock & 4) != 0;
    i32 id = ~(clock >> 3);
    if (kind > 2) return Errno::einval;
    if (thread_clock) {
        Ref<Thread> thread = id == 0 ? Ref<Thread>(current_thread()) : tasks().find_thread(id);
        if (!thread || thread->process != current_thread()->process) return Errno::einval;
        return platform::thread_cpu_ns(thread->block);
    }
    Ref<Process> process = id == 0 ? Ref<Process>(current_thread()->process) : tasks().find_process(id);
    if (!process) return Errno::einval;
    ResourceUsage usage = process->own_usage();
    return usage.user_ns + usage.system_ns;
}

}  // namespace

Result<u64> read_clock(int clock) {
    switch (clock) {
        case clock_realtime:
        case clock_realtime_coarse:
        case clock_realtime_alarm:
        case clock_tai:
            return platform::realtime_ns() + static_cast<u64>(kernel().realtime_offset_ns.load());
        case clock_monotonic:
        case clock_monotonic_raw:
        case clock_monotonic_coarse:
            return platform::monotonic_ns();
        case clock_boottime:
        case clock_boottime_alarm:
            return platform::boottime_ns();
        case clock_process_cpu: {
            ResourceUsage usage = current_thread()->process->own_usage();
            return usage.user_ns + usage.system_ns;
        }
        case clock_thread_cpu:
            return platform::thread_cpu_ns(current_thread()->block);
        default:
            break;
    }
    if (clock < 0) return task_cpu_clock(clock);
    return Errno::einval;
}

Result<u64> deadline_from(int clock, u64 absolute_ns) {
    u64 now = TRY(read_clock(clock));
    if (absolute_ns <= now) return u64{1};
    return deadline_after(absolute_ns - now);
}

u64 deadline_after(u64 ns) {
    u64 deadline;
    if (!checked_add(platform::monotonic_ns(), ns, &deadline)) return latest;
    return min(deadline, latest);
}

}  // namespace litebox
