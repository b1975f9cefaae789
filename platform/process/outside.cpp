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

void stop(int status) {
    ControlBlock& control = sandbox().rings->control;
    u32 expected = StopState::running;
    control.stop_status.store(static_cast<u32>(status), std::memory_order_relaxed);
    control.stop_state.compare_exchange_strong(expected, StopState::stopped);
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

}  // namespace litebox::platform
