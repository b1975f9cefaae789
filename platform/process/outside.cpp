// The end of the sandbox, and lines for the person outside.

#include "platform/process/abi/rings.h"
#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/streams.h"

namespace litebox::platform {

using namespace process;

namespace {

/// Any status but the core's cookie makes the supervisor end everything.
constexpr u64 broken_exit = 70;

[[noreturn]] void leave(u64 status) {
    for (;;) (void)host::call(host::nr_exit_group, status);
}

}  // namespace

u64 host_call_count() {
    SandboxState& state = sandbox();
    u64 total = 0;
    for (u32 i = 0; i < state.slots_used; i++)
        total += reinterpret_cast<PlatformBlock*>(state.slots_base + u64{i} * LITEBOX_SLOT_SIZE +
                                                  LITEBOX_SLOT_BLOCK)
                     ->host_calls;
    return total;
}

void tell_start() {
    sandbox().rings->control.first_instruction_ns.store(monotonic_ns());
}

void tell_totals(u64 guest_calls, u64 files_lost, bool name_lookup_failed) {
    ControlBlock& control = sandbox().rings->control;
    control.guest_calls.store(guest_calls);
    control.host_calls.store(host_call_count());
    control.files_lost.store(files_lost);
    control.name_lookup_failed.store(name_lookup_failed ? 1 : 0);
}

void stop(int status) {
    Rings& rings = *sandbox().rings;
    u32 expected = StopState::running;
    rings.control.stop_status.store(static_cast<u32>(status), std::memory_order_relaxed);
    rings.control.stop_state.compare_exchange_strong(expected, StopState::stopped);
    // The supervisor need not wait for the end of this process to know.
    if (rings.out.sleeping.exchange(0) != 0) (void)host::wake(rings.out.produced, 1);
    leave(LITEBOX_EXIT_COOKIE);
}

void panic(std::string_view reason) {
    ControlBlock& control = sandbox().rings->control;
    usize length = min(reason.size(), sizeof(control.reason) - 1);
    u32 expected = StopState::running;
    if (control.stop_state.load() == StopState::running) {
        __builtin_memcpy(control.reason, reason.data(), length);
        control.reason[length] = 0;
        control.stop_state.compare_exchange_strong(expected, StopState::broken);
    }
    leave(broken_exit);
}

void report(std::string_view line) {
    std::span<const u8> rest{reinterpret_cast<const u8*>(line.data()), line.size()};
    (void)put_record(OutRing::report, rest, true);
    constexpr u8 end = 0x0a;
    (void)put_record(OutRing::report, {&end, 1}, true);
}

/// What the supervisor told last; 0 for a process that it has not looked at yet.
u64 resident_pages(Space* space) {
    constexpr u64 kib_per_page = page_size / 1024;
    u32 pid = space->pid.load(std::memory_order_relaxed);
    u64 told =
        sandbox().rings->control.resident[pid % ControlBlock::resident_count].load(std::memory_order_relaxed);
    return told >> 32 == pid ? static_cast<u32>(told) / kib_per_page : 0;
}

}  // namespace litebox::platform
