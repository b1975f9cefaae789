#include "platform/vm/host/parameters.h"

#include "core/base/string.h"
#include "platform/vm/host/host_side.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

/// Adjacent frames of the kernel's own, for good.
Result<std::span<u8>> take_memory(usize length) {
    unsigned order = 0;
    while ((page_size << order) < length)
        if (++order > Frames::largest_order) return Errno::e2big;
    Physical first = TRY(frames().allocate(order, FrameUse::kernel));
    return std::span<u8>(static_cast<u8*>(direct(first)), length);
}

std::string_view read_all(const BootInfo& boot, HostSide& host) {
    constexpr std::string_view too_long =
        "the boot module is too long, or the machine has too little memory for it";
    host.has_module = boot.module.length() > 0;
    usize length = host.has_module ? boot.module.length() : boot.command_line_length;
    auto copy = take_memory(max<usize>(length, 1));
    auto space = take_memory(parameter_memory_needed(length));
    if (!copy.ok() || !space.ok()) return too_long;
    std::span<u8> bytes = copy.value();
    ParameterMemory memory(space.value());
    if (!host.has_module) {
        memcpy(bytes.data(), boot.command_line_bytes, length);
        return read_command_line({reinterpret_cast<const char*>(bytes.data()), length}, memory,
                                 host.parameters);
    }
    memcpy(bytes.data(), direct(boot.module.begin), length);
    return read_module(bytes, memory, host.parameters);
}

/// Guests get what was asked for, and no more than there is. A command line asks for no limits.
void limit_guests(platform::BootParameters& boot) {
    constexpr u32 usual_tasks = 1024;
    u64 there = frames().total_frames() * page_size;
    if (boot.process_limit == 0) boot.process_limit = usual_tasks;
    if (boot.temporary_limit == 0) boot.temporary_limit = there / 2;
    if (boot.memory_limit == 0 || boot.memory_limit > there) boot.memory_limit = there;
    frames().set_limit(boot.memory_limit / page_size);
}

void seed_entropy(HostSide& host) {
    constexpr u32 rdrand_bit = 1u << 30;
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    u32 counter[2] = {low, high};
    host.entropy.seed({reinterpret_cast<const u8*>(counter), sizeof(counter)}, false);
    host.entropy.seed(host.parameters.seed, (host_io::cpuid(1).ecx & rdrand_bit) != 0);
}

}  // namespace

HostSide& host_side() {
    return *machine().host;
}

std::string_view read_parameters(const BootInfo& boot) {
    auto memory = take_memory(sizeof(HostSide));
    if (!memory.ok()) return "the machine has too little memory to start in";
    auto* host = new (memory.value().data()) HostSide();
    machine().host = host;
    std::string_view problem = read_all(boot, *host);
    if (!problem.empty()) return problem;
    limit_guests(host->parameters.boot);
    seed_entropy(*host);
    host->control.set_window(host->parameters.terminal.rows, host->parameters.terminal.columns);
    return {};
}

ClockRecord told_clock() {
    ClockRecord clock = host_side().parameters.clock;
    auto hz = parse_decimal(machine().boot.option("counter_hz"));
    if (clock.counter_hz == 0 && hz.ok()) clock.counter_hz = hz.value();
    return clock;
}

}  // namespace litebox::vm
