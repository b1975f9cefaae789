// Sleeping and waking: the host's futexes on words in the arena, shared between the sandbox's host processes.

#include "platform/process/host.h"
#include "platform/process/mailbox.h"
#include "platform/process/state.h"
#include "platform/process/thread.h"

namespace litebox::process::host {

void sleep_on(const std::atomic<u32>& word, u32 expected, u64 nanoseconds) {
    constexpr u64 futex_wait = 0;
    Timespec length{static_cast<i64>(nanoseconds / 1000000000), static_cast<i64>(nanoseconds % 1000000000)};
    (void)call(nr_futex, reinterpret_cast<u64>(&word), futex_wait, expected, reinterpret_cast<u64>(&length));
}

}  // namespace litebox::process::host

namespace litebox::platform {

using namespace process;

namespace {

constexpr u64 nanoseconds_per_second = 1000000000;
/// Later deadlines than the host can tell apart.
constexpr u64 latest_deadline = u64{1} << 62;

/// A sleeping thread leaves its processor to others: spinning_pays looks at the difference.
class Asleep : Pinned {
  public:
    explicit Asleep(SandboxState& state) : state_(state) {
        state_.awake.fetch_sub(1, std::memory_order_relaxed);
    }
    ~Asleep() { state_.awake.fetch_add(1, std::memory_order_relaxed); }

  private:
    SandboxState& state_;
};

}  // namespace

ParkResult park(std::atomic<u32>& word, u32 expected, u64 deadline) {
    PlatformBlock& block = this_block();
    host::Timespec when{};
    bool limited = deadline < latest_deadline;
    if (limited)
        when = {static_cast<i64>(deadline / nanoseconds_per_second),
                static_cast<i64>(deadline % nanoseconds_per_second)};
    for (;;) {
        if (block.kicked.load(std::memory_order_relaxed) != 0) {
            block.kicked.store(0, std::memory_order_relaxed);
            serve_mailbox(block);
            return ParkResult::woken;
        }
        i64 result = 0;
        {
            Asleep asleep(block.state());
            result = litebox_futex_wait(&word, host::futex_wait_bitset, expected, limited ? &when : nullptr,
                                        0, host::match_any);
        }
        constexpr i64 interrupted = -4, timed_out = -110;
        if (result == interrupted) continue;
        if (result != timed_out) return ParkResult::woken;
        if (monotonic_ns() >= deadline) return ParkResult::timed_out;
    }
}

void unpark(std::atomic<u32>& word, u32 count) {
    (void)host::wake(word, min(count, u32{0x7fffffff}));
}

void yield() {
    // Long enough to let another thread of a busy processor run.
    host::sleep_on(this_block().tid, this_block().tid.load(std::memory_order_relaxed), 1000);
}

/// The host schedules.
void set_scheduling(ThreadBlock*, const Scheduling&) {}

bool spinning_pays() {
    SandboxState& state = sandbox();
    return state.usable_processors > 1 &&
           state.awake.load(std::memory_order_relaxed) <= static_cast<i32>(state.usable_processors);
}

void barrier_all(bool core_sync) {
    constexpr u64 private_expedited = 8, private_expedited_sync_core = 32;
    (void)host::call(host::nr_membarrier, core_sync ? private_expedited_sync_core : private_expedited);
}

}  // namespace litebox::platform
