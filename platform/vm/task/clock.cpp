#include "platform/vm/task/clock.h"

#include "arch/x86_64/counter.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

using arch::divided;
using arch::read_counter;
using arch::scaled;
constexpr u64 nanoseconds_per_second = 1000000000;
/// What the clock shows when the machine starts: programs reckon with moments a little before now.
constexpr u64 start_ns = 60 * nanoseconds_per_second;

/// As the processor tells it (Intel SDM, CPUID 15H and 16H).
u64 rate_of_processor() {
    u32 highest = host_io::cpuid(0).eax;
    if (highest >= 0x15) {
        auto ratio = host_io::cpuid(0x15);
        if (ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0) return u64{ratio.ecx} * ratio.ebx / ratio.eax;
    }
    constexpr u64 megahertz = 1000000;
    return highest >= 0x16 ? (host_io::cpuid(0x16).eax & 0xffff) * megahertz : 0;
}

/// As KVM and VMware tell it: kilohertz in leaf 40000010H.
u64 rate_of_hypervisor() {
    constexpr u32 hypervisor_bit = 1u << 31, first_leaf = 0x40000000, timing_leaf = 0x40000010;
    if ((host_io::cpuid(1).ecx & hypervisor_bit) == 0) return 0;
    if (host_io::cpuid(first_leaf).eax < timing_leaf) return 0;
    return u64{host_io::cpuid(timing_leaf).eax} * 1000;
}

/// struct pvclock_vcpu_time_info of KVM's paravirtual clock (Linux, Documentation/virt/kvm/x86/msr.rst).
struct alignas(64) KvmTime {
    u32 version, padding0;
    u64 counter, system_ns;
    u32 multiplier;
    i8 shift;
    u8 flags, padding1[2];
};

u64 rate_of_kvm_clock() {
    constexpr u32 signature = 0x4b4d564b, first_leaf = 0x40000000, clock_bit = 1u << 3;
    constexpr u32 hypervisor_bit = 1u << 31;
    if ((host_io::cpuid(1).ecx & hypervisor_bit) == 0 || host_io::cpuid(first_leaf).ebx != signature ||
        (host_io::cpuid(first_leaf + 1).eax & clock_bit) == 0)
        return 0;
    auto frame = frames().allocate_zeroed(FrameUse::kernel);
    if (!frame.ok()) return 0;
    auto* time = static_cast<volatile KvmTime*>(direct(frame.value()));
    host_io::write_msr(host_io::msr_kvm_system_time, frame.value() | 1);
    u32 multiplier = time->multiplier;
    i8 shift = time->shift;
    host_io::write_msr(host_io::msr_kvm_system_time, 0);
    frames().release(frame.value());
    if (multiplier == 0 || shift < -32 || shift > 31) return 0;
    // ns = (ticks << shift) * multiplier / 2^32
    u64 hz = divided(nanoseconds_per_second, multiplier);
    return shift < 0 ? hz << -shift : hz >> shift;
}

}  // namespace

bool start_clock(u64 told_hz) {
    ClockState& clock = machine().clock;
    clock.data = &clock.own;
    u64 hz = rate_of_hypervisor();
    if (hz == 0) hz = rate_of_kvm_clock();
    if (hz == 0) hz = rate_of_processor();
    if (hz == 0) hz = told_hz;
    constexpr u64 slowest = 1000000;
    if (hz < slowest) return false;
    clock.counter_hz = hz;
    clock.own.base_counter.store(read_counter(), std::memory_order_relaxed);
    clock.own.base_monotonic.store(start_ns, std::memory_order_relaxed);
    clock.own.rate.store(divided(nanoseconds_per_second, hz), std::memory_order_relaxed);
    clock.own.valid_ticks.store(~u64{0} >> 1, std::memory_order_relaxed);
    return true;
}

void set_realtime(u64 realtime_ns) {
    machine().clock.data->realtime_offset.store(realtime_ns - platform::monotonic_ns(),
                                                std::memory_order_relaxed);
}

u64 counter_at(u64 monotonic_ns) {
    const ClockState& clock = machine().clock;
    u64 since = monotonic_ns - min(monotonic_ns, start_ns);
    u64 seconds = since / nanoseconds_per_second, rest = since % nanoseconds_per_second;
    return clock.data->base_counter.load(std::memory_order_relaxed) + seconds * clock.counter_hz +
           rest * clock.counter_hz / nanoseconds_per_second;
}

}  // namespace litebox::vm

namespace litebox::platform {

u64 monotonic_ns() {
    const ClockData& data = *vm::machine().clock.data;
    u64 ticks = arch::read_counter() - data.base_counter.load(std::memory_order_relaxed);
    // Another processor's counter may be a little behind.
    if (static_cast<i64>(ticks) < 0) ticks = 0;
    return data.base_monotonic.load(std::memory_order_relaxed) +
           arch::scaled(ticks, data.rate.load(std::memory_order_relaxed));
}

u64 realtime_ns() {
    return monotonic_ns() + vm::machine().clock.data->realtime_offset.load(std::memory_order_relaxed);
}

/// The machine never sleeps with its program.
u64 boottime_ns() {
    return monotonic_ns();
}

void share_clock(ClockData& place) {
    vm::ClockState& clock = vm::machine().clock;
    const ClockData& from = *clock.data;
    place.base_counter.store(from.base_counter.load());
    place.base_monotonic.store(from.base_monotonic.load());
    place.rate.store(from.rate.load());
    place.valid_ticks.store(from.valid_ticks.load());
    place.realtime_offset.store(from.realtime_offset.load());
    clock.data = &place;
}

}  // namespace litebox::platform
