#include "platform/vm/task/alarm.h"

#include "platform/vm/boot/stop.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

void alarm_loop(void*) {
    SchedulerState& scheduler = machine().scheduler;
    for (;;) {
        u32 rung = scheduler.alarm_bell.load(std::memory_order_acquire);
        u64 deadline = scheduler.alarm.load(std::memory_order_acquire);
        if (deadline != platform::no_deadline && platform::monotonic_ns() >= deadline) {
            scheduler.alarm.compare_exchange_strong(deadline, platform::no_deadline);
            set_kernel(machine().kernel.load(std::memory_order_acquire));
            upcall::alarm();
            continue;
        }
        (void)platform::park(scheduler.alarm_bell, rung, deadline);
    }
}

}  // namespace

void start_alarm() {
    if (!start_kernel_thread(alarm_loop, nullptr, "alarm").ok())
        stop_before_start("the machine has too little memory to start in");
}

}  // namespace litebox::vm

namespace litebox::platform {

void set_alarm(u64 deadline) {
    vm::Machine& all = vm::machine();
    all.kernel.store(current_block()->kernel, std::memory_order_release);
    u64 before = all.scheduler.alarm.exchange(deadline, std::memory_order_acq_rel);
    // It sleeps long enough already when the new deadline is no earlier.
    if (deadline >= before) return;
    all.scheduler.alarm_bell.fetch_add(1, std::memory_order_release);
    unpark(all.scheduler.alarm_bell, 1);
}

}  // namespace litebox::platform
