#include "platform/process/system.h"

#include "platform/process/abi/rings.h"
#include "platform/process/host.h"
#include "platform/process/mailbox.h"
#include "platform/process/state.h"
#include "platform/process/thread.h"

namespace litebox::process {

namespace {

void make_spare(SandboxState& state) {
    Spare& spare = state.spare;
    auto block = platform::create_thread_block(nullptr);
    platform::Space* space = block.ok() ? new_space(state) : nullptr;
    bool made = false;
    if (space != nullptr) {
        PlatformBlock& child = *platform_block(block.value());
        child.entry = spare_thread;
        spare.space = space;
        made = clone_into(*space, child).ok();
        if (!made) release_space(*space);
    }
    if (!made && block.ok()) platform::free_thread_block(block.value());
    spare.state.store(made ? spare_ready : spare_failed, std::memory_order_release);
    platform::unpark(spare.state, ~0u);
}

void run_alarm(SandboxState& state) {
    u64 deadline = state.alarm.load(std::memory_order_acquire);
    if (deadline == platform::no_deadline || platform::monotonic_ns() < deadline) return;
    state.alarm.compare_exchange_strong(deadline, platform::no_deadline);
    set_kernel(state.kernel.load(std::memory_order_acquire));
    upcall::alarm();
}

/// What the host side has for the program.
void take_news(SandboxState& state) {
    Kernel* kernel = state.kernel.load(std::memory_order_acquire);
    if (kernel == nullptr) return;
    set_kernel(kernel);
    u32 signals = state.rings->control.signals_pending.exchange(0, std::memory_order_acq_rel);
    for (int signal = 1; signal < 32; signal++)
        if ((signals >> signal & 1) != 0) upcall::host_signal(signal);
    upcall::stream_ready();
}

[[noreturn]] void system_loop(Thread* /*none*/) {
    SandboxState& state = sandbox();
    if (!state.clones_processes) {
        put_on_guest_filter(state);
        state.system_confined.store(1, std::memory_order_release);
        platform::unpark(state.system_confined, 1);
    }
    std::atomic<u32>& bell = state.rings->control.system_bell;
    u32 heard = bell.load(std::memory_order_acquire);
    for (;;) {
        u32 rung = bell.load(std::memory_order_acquire);
        if (state.clones_processes && state.spare.state.load(std::memory_order_acquire) == spare_none)
            make_spare(state);
        run_alarm(state);
        if (rung != heard) take_news(state);
        heard = rung;
        (void)platform::park(bell, rung, state.alarm.load(std::memory_order_acquire));
    }
}

}  // namespace

void ring_system_bell(SandboxState& state) {
    std::atomic<u32>& bell = state.rings->control.system_bell;
    bell.fetch_add(1, std::memory_order_release);
    platform::unpark(bell, 1);
}

void put_on_guest_filter(const SandboxState& state) {
    struct Program {
        u16 length;
        const FilterInstruction* code;
    } program{static_cast<u16>(state.filter.size()), state.filter.data()};
    constexpr u64 nr_seccomp = 317, set_mode_filter = 1;
    if (host::call(nr_seccomp, set_mode_filter, 0, reinterpret_cast<u64>(&program)) != 0)
        platform::panic("the system-call filter was refused");
}

Result<void> start_system_process() {
    SandboxState& state = sandbox();
    ThreadBlock* head = TRY(platform::create_thread_block(nullptr));
    platform::Space* space = new_space(state);
    if (space == nullptr) return Errno::enomem;
    PlatformBlock& block = *platform_block(head);
    block.entry = [](Thread* thread) { system_loop(thread); };
    return clone_into(*space, block);
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

void set_alarm(u64 deadline) {
    SandboxState& state = sandbox();
    state.kernel.store(this_block().head.kernel, std::memory_order_relaxed);
    u64 before = state.alarm.exchange(deadline, std::memory_order_acq_rel);
    // It sleeps long enough already when the new deadline is no earlier.
    if (deadline < before) ring_system_bell(state);
}

}  // namespace litebox::platform
