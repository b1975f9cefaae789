// Time. A reading is a counter read and a multiplication; whoever notices that the last measurement is old
// makes a new one by the host's clock. The time never runs backwards: where ours is ahead, it runs slower for
// a while.

#include "platform/process/clock.h"

#include "arch/x86_64/counter.h"
#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/trap.h"

namespace litebox::process {

namespace {

using arch::divided;
using arch::read_counter;
using arch::scaled;
using platform::ClockData;

constexpr int clock_realtime = 0, clock_monotonic = 1, clock_boottime = 7;
constexpr u64 longest_stretch_ns = 1000000000;
constexpr u64 first_stretch_ns = 1000000;

struct Measurement {
    u64 counter, monotonic;
};

/// The host's clock together with the counter, from the quickest of a few tries.
Measurement measure() {
    Measurement best{};
    u64 shortest = ~u64{0};
    for (int i = 0; i < 3; i++) {
        u64 before = read_counter();
        u64 now = host::clock(clock_monotonic);
        u64 after = read_counter();
        if (after - before >= shortest) continue;
        shortest = after - before;
        best = {before + shortest / 2, now};
    }
    return best;
}

/// Nanoseconds per tick times 2^32.
u64 rate_between(const Measurement& from, const Measurement& to) {
    u64 ticks = to.counter - from.counter;
    if (ticks == 0) return 0;
    return divided(to.monotonic - from.monotonic, ticks);
}

void publish(ClockData& data, const Measurement& base, u64 rate, u64 valid_ns) {
    u64 real = host::clock(clock_realtime), boot = host::clock(clock_boottime);
    u64 mono = host::clock(clock_monotonic);
    data.sequence.fetch_add(1, std::memory_order_acq_rel);
    data.base_counter.store(base.counter, std::memory_order_relaxed);
    data.base_monotonic.store(base.monotonic, std::memory_order_relaxed);
    data.rate.store(rate, std::memory_order_relaxed);
    data.valid_ticks.store(rate != 0 ? divided(valid_ns, rate) : 0, std::memory_order_relaxed);
    data.realtime_offset.store(real - mono, std::memory_order_relaxed);
    data.boottime_offset.store(boot - mono, std::memory_order_relaxed);
    data.sequence.fetch_add(1, std::memory_order_release);
}

struct Reading {
    u64 monotonic, realtime_offset, boottime_offset;
    bool stale;
};

Reading read_clock(const ClockData& data) {
    for (;;) {
        u32 before = data.sequence.load(std::memory_order_acquire);
        u64 base = data.base_counter.load(std::memory_order_relaxed);
        u64 ticks = read_counter() - base;
        if (static_cast<i64>(ticks) < 0) ticks = 0;
        Reading reading{data.base_monotonic.load(std::memory_order_relaxed) +
                            scaled(ticks, data.rate.load(std::memory_order_relaxed)),
                        data.realtime_offset.load(std::memory_order_relaxed),
                        data.boottime_offset.load(std::memory_order_relaxed),
                        ticks > data.valid_ticks.load(std::memory_order_relaxed)};
        std::atomic_thread_fence(std::memory_order_acquire);
        if ((before & 1) == 0 && data.sequence.load(std::memory_order_relaxed) == before) return reading;
        asm volatile("pause");
    }
}

/// One thread at a time measures anew; the others go on with the old figures.
void renew(ClockState& clock) {
    u32 free = 0;
    if (!clock.busy.compare_exchange_strong(free, 1, std::memory_order_acquire)) return;
    Measurement now = measure();
    u64 ours = read_clock(*clock.data).monotonic;
    Measurement last{clock.last_counter, clock.last_monotonic};
    u64 elapsed = now.monotonic - last.monotonic;
    u64 rate = rate_between(last, now);
    u64 next = min(max(elapsed * 2, first_stretch_ns), longest_stretch_ns);
    Measurement base = now;
    if (ours > now.monotonic) {
        // Ahead: keep our time and lose the difference over the next stretch, at most a tenth of it.
        u64 ahead = min(ours - now.monotonic, next / 10);
        base.monotonic = ours;
        rate -= scaled(rate, divided(ahead, next));
    }
    clock.last_counter = now.counter;
    clock.last_monotonic = now.monotonic;
    publish(*clock.data, base, rate, next);
    clock.busy.store(0, std::memory_order_release);
}

Reading current_reading() {
    ClockState& clock = sandbox().clock;
    Reading reading = read_clock(*clock.data);
    if (!reading.stale) return reading;
    renew(clock);
    return read_clock(*clock.data);
}

}  // namespace

void start_clock(SandboxState& state, ClockData* data, bool counter_usable, u64 counter, u64 counter_ns) {
    ClockState& clock = state.clock;
    clock.data = data;
    clock.counter_usable = counter_usable;
    if (!counter_usable) return;
    constexpr u64 least_ticks = 100000;
    Measurement first = counter != 0 ? Measurement{counter, counter_ns} : measure();
    while (read_counter() - first.counter < least_ticks) asm volatile("pause");
    Measurement second = measure();
    clock.last_counter = second.counter;
    clock.last_monotonic = second.monotonic;
    u64 elapsed = second.monotonic - first.monotonic;
    publish(*data, second, rate_between(first, second), min(elapsed * 2, first_stretch_ns));
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

u64 monotonic_ns() {
    if (!sandbox().clock.counter_usable) return host::clock(clock_monotonic);
    return current_reading().monotonic;
}

u64 realtime_ns() {
    if (!sandbox().clock.counter_usable) return host::clock(clock_realtime);
    Reading reading = current_reading();
    return reading.monotonic + reading.realtime_offset;
}

u64 boottime_ns() {
    if (!sandbox().clock.counter_usable) return host::clock(clock_boottime);
    Reading reading = current_reading();
    return reading.monotonic + reading.boottime_offset;
}

u64 thread_cpu_ns(ThreadBlock* head) {
    PlatformBlock& block = *platform_block(head);
    constexpr int clock_thread_cpu = 3;
    if (&block == &this_block()) return host::clock(clock_thread_cpu) - block.cpu_before;
    u32 tid = block.tid.load(std::memory_order_relaxed);
    if (tid == 0) return 0;
    // Other processes' threads have no clock that the host would show: their process's is the nearest.
    if (block.space != this_block().space) return space_cpu_ns(block.space);
    u64 host_thread = host::clock(static_cast<i32>(~tid << 3 | 6));
    return host_thread > block.cpu_before ? host_thread - block.cpu_before : 0;
}

void share_clock(ClockData& place) {
    ClockState& clock = sandbox().clock;
    while (clock.busy.exchange(1, std::memory_order_acquire) != 0) asm volatile("pause");
    const ClockData& now = *clock.data;
    auto copy = [](std::atomic<u64>& to, const std::atomic<u64>& from) {
        to.store(from.load(std::memory_order_relaxed), std::memory_order_relaxed);
    };
    copy(place.base_counter, now.base_counter);
    copy(place.base_monotonic, now.base_monotonic);
    copy(place.rate, now.rate);
    copy(place.valid_ticks, now.valid_ticks);
    copy(place.realtime_offset, now.realtime_offset);
    copy(place.boottime_offset, now.boottime_offset);
    place.entry.store(reinterpret_cast<u64>(litebox_entry), std::memory_order_relaxed);
    clock.data.store(&place, std::memory_order_release);
    clock.busy.store(0, std::memory_order_release);
}

}  // namespace litebox::platform
