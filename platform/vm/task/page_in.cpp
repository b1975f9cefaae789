#include "platform/vm/task/page_in.h"

#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

void pause(u64 ns) {
    std::atomic<u32> nobody{0};
    (void)platform::park(nobody, 0, platform::monotonic_ns() + ns);
}

void write_back_now_and_then(void* /*argument*/) {
    constexpr u64 interval_ns = 5000000000;
    for (;;) {
        pause(interval_ns);
        write_back_changed();
    }
}

}  // namespace

/// A process that has just ended may still be giving its memory back: nobody ends for lack of it before that
/// had time.
Result<void> bring_page(platform::Space& space, u64 address, Access access) {
    constexpr int tries = 10;
    constexpr u64 pause_ns = 2000000;
    for (int i = 0;; i++) {
        FaultAnswer answer = resolve_fault(space, address, access);
        if (answer == FaultAnswer::resolved) return {};
        if (answer == FaultAnswer::refused) return Errno::efault;
        if (answer == FaultAnswer::blocked) {
            auto read = page_in(space, address);
            if (read.ok()) return {};
            if (read.error() != Errno::enomem) return Errno::efault;
        }
        if (i > tries) return Errno::enomem;
        write_back_changed();
        if (i < tries)
            pause(pause_ns);
        else
            upcall::memory_pressure();
    }
}

void limit_changed_pages() {
    constexpr u64 share = 5;  // as Linux has it, of the memory there is
    u64 changed = changed_frames();
    if (changed == 0) return;
    std::atomic<u32>& started = machine().scheduler.write_back_started;
    if (started.load(std::memory_order_relaxed) == 0 && started.exchange(1) == 0 &&
        !start_kernel_thread(write_back_now_and_then, nullptr, "write-back").ok())
        started.store(0);  // no memory: another time
    if (changed > frames().total_frames() / share) write_back_changed();
}

}  // namespace litebox::vm

namespace litebox::platform {

/// As the most demanding access that is allowed there needs it.
Result<void> page_in(u64 address) {
    auto brought = vm::bring_page(vm::current_space(), address, vm::Access::write);
    if (brought.ok() || brought.error() == Errno::enomem) return brought;
    return vm::bring_page(vm::current_space(), address, vm::Access::read);
}

}  // namespace litebox::platform
