// The functions of our vDSO, under the names of vdso(7). This is guest code: it runs on the guest's stack
// with its registers, and is trusted by nobody. What it cannot answer itself becomes a system call.

#include "core/base/types.h"
#include "linux/vdso/data.h"

namespace {

using namespace litebox;

constexpr int clock_realtime = 0, clock_monotonic = 1, clock_monotonic_raw = 4, clock_realtime_coarse = 5,
              clock_monotonic_coarse = 6, clock_boottime = 7;
constexpr u64 ns_per_second = 1000000000;
constexpr long nr_gettimeofday = 96, nr_time = 201, nr_clock_gettime = 228, nr_clock_getres = 229,
               nr_getcpu = 309;

struct Timespec {
    i64 seconds, nanoseconds;
};
struct Timeval {
    i64 seconds, microseconds;
};

}  // namespace

extern "C" __attribute__((visibility("hidden"))) const VdsoData litebox_vdso_data;

namespace {

/// Straight to the library OS where the platform says how; the instruction stands there for its address, and
/// traps.
long system_call(long number, u64 first, u64 second, u64 third = 0) {
    u64 entry = litebox_vdso_data.clock.entry.load(std::memory_order_relaxed);
    long result = number;
    asm volatile(
        "test %[entry], %[entry]\n\t"
        "jz 1f\n\t"
        "lea 2f(%%rip), %%rcx\n\t"
        "jmp *%[entry]\n"
        "1: syscall\n"
        "2:"
        : "+a"(result)
        : "D"(first), "S"(second), "d"(third), [entry] "r"(entry)
        : "rcx", "r11", "memory", "cc");
    return result;
}

struct Reading {
    u64 monotonic, realtime, boottime;
};

/// False where only a system call can tell, which also measures anew.
bool read_clock(Reading& reading) {
    const platform::ClockData& data = litebox_vdso_data.clock;
    for (;;) {
        u32 before = data.sequence.load(std::memory_order_acquire);
        u64 base = data.base_counter.load(std::memory_order_relaxed);
        u32 low, high;
        asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
        u64 counter = u64{high} << 32 | low;
        u64 ticks = counter > base ? counter - base : 0;
        u64 rate = data.rate.load(std::memory_order_relaxed);
        u64 monotonic = data.base_monotonic.load(std::memory_order_relaxed) +
                        static_cast<u64>((static_cast<unsigned __int128>(ticks) * rate) >> 32);
        u64 valid = data.valid_ticks.load(std::memory_order_relaxed);
        reading.monotonic = monotonic;
        reading.realtime = monotonic + data.realtime_offset.load(std::memory_order_relaxed);
        reading.boottime = monotonic + data.boottime_offset.load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        if ((before & 1) != 0 || data.sequence.load(std::memory_order_relaxed) != before) continue;
        reading.realtime +=
            static_cast<u64>(litebox_vdso_data.realtime_adjustment_ns.load(std::memory_order_relaxed));
        return ticks <= valid && rate != 0;
    }
}

}  // namespace

extern "C" {

long __vdso_clock_gettime(int clock, Timespec* time) {
    Reading reading;
    u64 ns = 0;
    bool known = clock >= 0 && clock <= clock_boottime && read_clock(reading);
    if (known) switch (clock) {
            case clock_realtime:
            case clock_realtime_coarse:
                ns = reading.realtime;
                break;
            case clock_monotonic:
            case clock_monotonic_raw:
            case clock_monotonic_coarse:
                ns = reading.monotonic;
                break;
            case clock_boottime:
                ns = reading.boottime;
                break;
            default:
                known = false;
        }
    if (!known)
        return system_call(nr_clock_gettime, static_cast<u64>(static_cast<i64>(clock)),
                           reinterpret_cast<u64>(time));
    time->seconds = static_cast<i64>(ns / ns_per_second);
    time->nanoseconds = static_cast<i64>(ns % ns_per_second);
    return 0;
}

long __vdso_gettimeofday(Timeval* time, u64 zone) {
    Reading reading;
    if (zone != 0 || !read_clock(reading))
        return system_call(nr_gettimeofday, reinterpret_cast<u64>(time), zone);
    if (time != nullptr) {
        time->seconds = static_cast<i64>(reading.realtime / ns_per_second);
        time->microseconds = static_cast<i64>(reading.realtime % ns_per_second / 1000);
    }
    return 0;
}

long __vdso_time(i64* seconds) {
    Reading reading;
    if (!read_clock(reading)) return system_call(nr_time, reinterpret_cast<u64>(seconds), 0);
    i64 now = static_cast<i64>(reading.realtime / ns_per_second);
    if (seconds != nullptr) *seconds = now;
    return now;
}

long __vdso_clock_getres(int clock, Timespec* resolution) {
    return system_call(nr_clock_getres, static_cast<u64>(static_cast<i64>(clock)),
                       reinterpret_cast<u64>(resolution));
}

long __vdso_getcpu(unsigned* processor, unsigned* node, void*) {
    return system_call(nr_getcpu, reinterpret_cast<u64>(processor), reinterpret_cast<u64>(node));
}

}  // extern "C"

// The plain names, as Linux has them. In assembly, since the headers declare functions of these names.
#define PLAIN_NAME(name) asm(".weak " #name "\n.type " #name ", @function\n.set " #name ", __vdso_" #name)
PLAIN_NAME(clock_gettime);
PLAIN_NAME(gettimeofday);
PLAIN_NAME(time);
PLAIN_NAME(clock_getres);
PLAIN_NAME(getcpu);
