// The sandbox image starts here, once, as the opener. It makes PID 1, then the first guest process, then
// serves granted files. The guest process drops everything that is the opener's, puts on its filter, and
// starts the core.

#include "platform/process/boot/confine.h"
#include "platform/process/boot/opener.h"
#include "platform/process/boot/raw.h"
#include "platform/process/boot/tie.h"
#include "platform/process/start.h"
#include "platform/process/trap.h"

using namespace litebox;
using namespace litebox::process;

extern "C" {
[[noreturn]] void litebox_boot();
[[noreturn]] void litebox_boot_guest(StartBlock* block);
[[noreturn]] void litebox_enter_guest(StartBlock* block, u64 stack);
}

#pragma GCC visibility push(hidden)
extern "C" const char litebox_restorer[];
#pragma GCC visibility pop

// No canary and no %gs yet.
#define BOOT_CODE __attribute__((no_stack_protector))

namespace {

enum Prctl : u64 { set_dumpable = 4 };
constexpr u64 clone_files = 0x400, clone_parent = 0x8000, sigchld = 17;
constexpr u64 protect_read = 1, protect_write = 2, protect_execute = 4, share = 1, private_ = 2, fixed = 0x10,
              anonymous = 0x20;
constexpr u64 boot_stack_length = 65536;

BOOT_CODE bool failed(i64 result) {
    return result < 0 && result > -4096;
}

/// The code besides this start-up code, which until then calls nothing outside it.
BOOT_CODE void map_text(const Windows& w) {
    u64 begin = reinterpret_cast<u64>(litebox_text_begin),
        length = reinterpret_cast<u64>(litebox_text_end) - begin;
    if (failed(raw::call(raw::nr_mmap, begin, length, protect_read | protect_execute, private_ | fixed,
                         text_descriptor, w.text_offset)))
        fail(no_text);
    raw::call(raw::nr_close, text_descriptor);
}

BOOT_CODE StartBlock* map_block() {
    // As bytes that nobody clears: what would construct or clear them is not there yet.
    alignas(StartBlock) __attribute__((uninitialized)) u8 bytes[sizeof(StartBlock)];
    if (raw::call(raw::nr_pread64, block_descriptor, reinterpret_cast<u64>(bytes), sizeof(bytes), 0) !=
        static_cast<i64>(sizeof(bytes)))
        fail(no_block);
    const StartBlock& header = *reinterpret_cast<const StartBlock*>(bytes);
    if (header.magic != StartBlock::expected_magic) fail(no_block);
    const Windows& w = header.windows;
    map_text(w);
    if (failed(raw::call(raw::nr_mmap, w.block, w.block_length, protect_read, share | fixed, block_descriptor,
                         0)))
        fail(no_block);
    if (failed(raw::call(raw::nr_mmap, w.rings, w.rings_length, protect_read | protect_write, share | fixed,
                         rings_descriptor, 0)))
        fail(no_rings);
    return reinterpret_cast<StartBlock*>(w.block);
}

/// PID 1: idle until the supervisor is gone or kills it; with it dies every process of the sandbox.
BOOT_CODE void make_pid_one(const StartBlock& block) {
    i64 pid = raw::call(raw::nr_clone, clone_parent | sigchld);
    if (failed(pid)) fail(no_pid_one);
    if (pid != 0) return;
    raw::call(raw::nr_close_range, 0, pid_one_descriptor - 1, 0);
    raw::call(raw::nr_close_range, pid_one_descriptor + 1, ~0u, 0);
    drop_privileges();
    put_on_filter(block.idle_filter);
    u8 byte;
    while (raw::call(raw::nr_read, pid_one_descriptor, reinterpret_cast<u64>(&byte), 1) > 0) {
    }
    raw::call(raw::nr_exit_group, 0);
}

struct KernelSigaction {
    const void* handler;
    u64 flags;
    const void* restorer;
    u64 mask;
};

BOOT_CODE void install_handlers() {
    constexpr u64 siginfo = 4, on_stack = 0x08000000, restorer = 0x04000000;
    constexpr u64 sigsys_bit = u64{1} << (host_sigsys - 1);
    // All but SIGSYS wait while a handler runs.
    KernelSigaction action{litebox_signal, siginfo | on_stack | restorer, litebox_restorer,
                           ~u64{0} & ~sigsys_bit};
    constexpr int signals[] = {host_sigill,  host_sigtrap, host_sigbus, host_sigfpe,
                               host_sigsegv, host_sigsys,  kick_signal};
    for (int signal : signals)
        if (failed(raw::call(raw::nr_rt_sigaction, static_cast<u64>(signal), reinterpret_cast<u64>(&action),
                             0, 8)))
            fail(no_handlers);
    u64 none = 0;
    raw::call(raw::nr_rt_sigprocmask, 2, reinterpret_cast<u64>(&none), 0, 8);
}

/// A shared table that grows later costs milliseconds for each new slot: make it large before it is shared.
BOOT_CODE void grow_descriptor_table() {
    u64 limits[2] = {write_window_end + 64, write_window_end + 64};
    raw::call(raw::nr_prlimit64, 0, 7, reinterpret_cast<u64>(limits), 0);
    if (!failed(raw::call(raw::nr_dup3, pid_one_descriptor, write_window_end, 0)))
        raw::call(raw::nr_close, write_window_end);
}

BOOT_CODE u64 highest_cpuid_leaf(u32 leaf, u32 sub, u32 (&r)[4]) {
    asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(sub));
    return r[0];
}

}  // namespace

BOOT_CODE void litebox_boot_guest(StartBlock* block) {
    const Windows& w = block->windows;
    constexpr u64 lowest = 0x10000, highest = 0x7ffffffff000;
    // Nothing of the opener's remains: stack, vDSO, whatever else the kernel mapped.
    raw::call(raw::nr_munmap, lowest, w.begin - lowest);
    raw::call(raw::nr_munmap, w.end, highest - w.end);
    if (failed(raw::call(raw::nr_mmap, w.arena, w.arena_length, protect_read | protect_write, share | fixed,
                         arena_descriptor, 0)))
        fail(no_arena);
    raw::call(raw::nr_close, block_descriptor);
    raw::call(raw::nr_close, rings_descriptor);
    raw::call(raw::nr_close, pid_one_descriptor);
    constexpr u64 register_private = 16, register_sync_core = 64;
    if (failed(raw::call(raw::nr_membarrier, register_private, 0, 0))) fail(no_barrier);
    raw::call(raw::nr_membarrier, register_sync_core, 0, 0);
    drop_privileges();
    StartInfo info{};
    info.arena_base = w.arena;
    info.arena_length = w.arena_length;
    info.arena_file = arena_descriptor;
    info.windows_begin = w.begin;
    info.windows_end = w.end;
    info.pid = static_cast<u32>(raw::call(raw::nr_getpid));
    info.processors = block->processors;
    info.usable_processors = block->usable_processors;
    info.counter = block->counter;
    info.counter_ns = block->counter_ns;
    info.task_limit = block->task_limit;
    u32 r[4];
    highest_cpuid_leaf(0xd, 0, r);
    info.xsave_size = r[1];
    u32 low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    info.xsave_features = u64{high} << 32 | low;
    highest_cpuid_leaf(0x80000007, 0, r);
    info.counter_usable = (r[3] & 0x100) != 0;
    highest_cpuid_leaf(1, 0, r);
    info.has_processor_random = (r[2] >> 30 & 1) != 0;
    info.seed = block->seed;
    info.parameters = &block->parameters;
    info.rings = reinterpret_cast<Rings*>(w.rings);
    info.grant_lanes = block->grant_lanes;
    info.terminal_streams = block->terminal_streams;
    info.filter = block->filter;
    info.clones_processes = block->clones_processes;
    start_sandbox(info);
}

BOOT_CODE void litebox_boot() {
    StartBlock* block = map_block();
    const Windows& w = block->windows;
    tie_to_supervisor(block->supervisor);
    raw::call(raw::nr_prctl, set_dumpable, 0);
    make_pid_one(*block);
    grow_descriptor_table();
    // The guest's first stack lies between image and guard, where munmap leaves it alone.
    u64 stack = w.begin + (u64{4} << 30) - boot_stack_length - page_size;
    if (failed(raw::call(raw::nr_mmap, stack, boot_stack_length, protect_read | protect_write,
                         private_ | fixed | anonymous, ~u64{0}, 0)))
        fail(no_guest);
    OpenerPool& openers = make_openers(*block);
    install_handlers();
    i64 guest = raw::call(raw::nr_clone, clone_parent | clone_files | sigchld);
    if (failed(guest)) fail(no_guest);
    if (guest == 0) litebox_enter_guest(block, stack + boot_stack_length);
    raw::call(raw::nr_munmap, stack, boot_stack_length);
    serve_files(openers);
}
