// Boots the process platform without a supervisor: for tests of the platform itself. It maps an arena, loads
// the guest's file into it, installs the handlers and a filter that lets the gate through and traps
// everything else.
#include <cpuid.h>

#include "platform/process/abi/start_block.h"
#include "platform/process/host.h"
#include "platform/process/start.h"
#include "platform/process/trap.h"
#include "tests/process_platform/guest_file.h"

namespace litebox {

namespace {

long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

[[noreturn]] void fail(const char* text) {
    raw(1, 2, reinterpret_cast<long>(text), static_cast<long>(__builtin_strlen(text)));
    raw(231, 99);
    __builtin_unreachable();
}

constexpr u64 arena_base = 0x7d0000000000, arena_length = u64{1} << 30;
constexpr u64 image_base = 0x7e0000000000;

struct KernelAction {
    const char* handler;
    u64 flags;
    const char* restorer;
    u64 mask;
};

void install_handlers() {
    constexpr u64 siginfo = 4, on_stack = 0x08000000, restorer = 0x04000000;
    u64 all_but_sigsys = ~(u64{1} << (process::host_sigsys - 1));
    for (int signal : {4, 5, 7, 8, 11, 31, int{process::kick_signal}}) {
        KernelAction action{litebox_signal, siginfo | on_stack | restorer, litebox_restorer, all_but_sigsys};
        if (raw(13, signal, reinterpret_cast<long>(&action), 0, 8) != 0) fail("sigaction\n");
    }
}

/// The gate is let through, all else traps. In the arena: every process of the platform puts it on.
std::span<const process::FilterInstruction> make_filter(void* place) {
    u64 gate = reinterpret_cast<u64>(litebox_gate) + 2;
    const process::FilterInstruction rows[] = {
        {0x20, 0, 0, 12},         {0x15, 0, 3, static_cast<u32>(gate >> 32)},
        {0x20, 0, 0, 8},          {0x15, 0, 1, static_cast<u32>(gate)},
        {0x06, 0, 0, 0x7fff0000}, {0x06, 0, 0, 0x00030000}};
    if (raw(157, 38, 1) != 0) fail("no_new_privs\n");
    __builtin_memcpy(place, rows, sizeof(rows));
    return {static_cast<const process::FilterInstruction*>(place), sizeof(rows) / sizeof(rows[0])};
}

GuestFile load_guest(const char* path, u64 to) {
    long file = raw(2, reinterpret_cast<long>(path), 0);
    if (file < 0) fail("cannot open the guest\n");
    u64 length = 0;
    for (;;) {
        long got = raw(0, file, static_cast<long>(to + length), 1 << 20);
        if (got < 0) fail("cannot read the guest\n");
        if (got == 0) break;
        length += static_cast<u64>(got);
    }
    raw(3, file);
    return {to, length, 0, {}};
}

}  // namespace

extern "C" [[noreturn]] __attribute__((visibility("hidden"), used)) void bare_start(const long* stack) {
    if (stack[0] < 2) fail("usage: image GUEST [argument...]\n");
    long file = raw(319, reinterpret_cast<long>("arena"), 0);
    if (file < 0 || raw(77, file, arena_length) != 0) fail("memfd\n");
    if (raw(9, arena_base, arena_length, 3, 0x4011, file, 0) != static_cast<long>(arena_base))
        fail("arena\n");
    // The last 64 MiB hold the guest's file; the core's allocator, where there is one, does not see them.
    constexpr u64 kept = 64 << 20;
    auto* guest = reinterpret_cast<GuestFile*>(arena_base + arena_length - kept);
    *guest = load_guest(reinterpret_cast<const char*>(stack[2]), reinterpret_cast<u64>(guest) + page_size);
    guest->argument_count = static_cast<u32>(stack[0] - 1);
    for (u32 i = 0; i < guest->argument_count && i < 8; i++)
        guest->arguments[i] = reinterpret_cast<const char*>(stack[2 + i]);
    raw(324, 1 << 4, 0, 0);  // membarrier: register private expedited
    raw(324, 1 << 6, 0, 0);
    install_handlers();
    u32 a, b, c, d;
    __cpuid_count(0xd, 0, a, b, c, d);
    u32 low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    u64 seed[6] = {};
    raw(318, reinterpret_cast<long>(seed), sizeof(seed));
    process::StartInfo info{};
    info.arena_base = arena_base;
    info.arena_length = arena_length - kept;
    info.arena_file = static_cast<int>(file);
    info.windows_begin = arena_base;
    info.windows_end = image_base + (u64{1} << 32);
    info.pid = static_cast<u32>(raw(39));
    info.processors = 2;
    info.usable_processors = 2;
    info.task_limit = 256;
    info.counter_usable = true;
    info.has_processor_random = true;
    info.xsave_size = b;
    info.xsave_features = u64{high} << 32 | low;
    info.seed = {reinterpret_cast<const u8*>(seed), sizeof(seed)};
    info.rings = reinterpret_cast<process::Rings*>(arena_base + arena_length - kept / 2);
    info.filter = make_filter(reinterpret_cast<void*>(arena_base + arena_length - page_size));
    info.clones_processes = true;
    process::start_sandbox(info);
}

}  // namespace litebox
