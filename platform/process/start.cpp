#include "platform/process/start.h"

#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/system.h"
#include "platform/process/thread.h"
#include "platform/process/trap.h"

namespace litebox::process {

namespace {

/// Host processes and threads beyond the guest's: the system process, the spare, those on their way out.
constexpr u32 own_tasks = 64;
constexpr u64 lowest_guest_address = 0x10000;
constexpr u64 largest_text_cache = u64{128} << 20;
constexpr u64 guest_end = 0x7ffffffff000;

/// Cuts the arena from its beginning.
class Cutter {
  public:
    explicit Cutter(u64 from) : next_(from) {}
    u64 take(u64 length, u64 alignment) {
        u64 begin = (next_ + alignment - 1) & ~(alignment - 1);
        next_ = begin + length;
        return begin;
    }

  private:
    u64 next_;
};

SandboxState& lay_out(const StartInfo& info) {
    Cutter arena(info.arena_base);
    auto* state = new (reinterpret_cast<void*>(arena.take(sizeof(SandboxState), page_size))) SandboxState();
    u32 slots = min(info.task_limit + own_tasks, most_slots);
    state->arena_base = info.arena_base;
    state->arena_length = info.arena_length;
    state->arena_file = info.arena_file;
    state->space_count = slots;
    state->spaces = reinterpret_cast<platform::Space*>(arena.take(slots * sizeof(platform::Space), 64));
    state->clock.data =
        new (reinterpret_cast<void*>(arena.take(sizeof(platform::ClockData), 64))) platform::ClockData();
    state->slot_count = slots;
    state->slots_base = arena.take(u64{slots} * LITEBOX_SLOT_SIZE, LITEBOX_SLOT_SIZE);
    u64 text_length = min(largest_text_cache, page_down(info.arena_length / 16));
    state->patch.scratch = reinterpret_cast<u8*>(arena.take(128 * 1024, page_size));
    state->patch.next = arena.take(text_length, page_size);
    state->patch.end = state->patch.next + text_length;
    u64 pages = arena.take(0, u64{1} << 21);
    state->pages = {reinterpret_cast<u8*>(pages), page_down(info.arena_base + info.arena_length - pages)};
    state->limits = {lowest_guest_address, guest_end, info.windows_begin, info.windows_end};
    state->processors = info.processors;
    state->usable_processors = info.usable_processors;
    state->return_words[0] = reinterpret_cast<u64>(litebox_end_cleared);
    state->return_words[1] = reinterpret_cast<u64>(litebox_end_live);
    state->xsave_size = info.xsave_size;
    state->xsave_features = info.xsave_features;
    state->parameters = info.parameters;
    state->rings = info.rings;
    state->filter = info.filter;
    state->clones_processes = info.clones_processes;
    state->grant_lanes = info.grant_lanes;
    state->terminal_streams = info.terminal_streams;
    state->awake.store(1, std::memory_order_relaxed);
    return *state;
}

void boot_thread(PlatformBlock* block) {
    settle_thread(*block);
    SandboxState& state = block->state();
    if (state.clones_processes) put_on_guest_filter(state);
    if (!start_system_process().ok()) platform::panic("no memory for the system process");
    if (!state.clones_processes) {
        // The filter knows no new processes: each puts it on by itself, and nothing of the program is there
        // before both have.
        while (state.system_confined.load(std::memory_order_acquire) == 0)
            (void)platform::park(state.system_confined, 0, platform::no_deadline);
        put_on_guest_filter(state);
    }
    upcall::boot();
    block->state().kernel.store(block->head.kernel, std::memory_order_relaxed);
}

}  // namespace

namespace {

[[noreturn]] void start_on_arena(const StartInfo& info) {
    SandboxState& state = lay_out(info);
    platform::Space* space = state.boot_space = &state.spaces[state.spaces_used++];
    new (space) platform::Space();
    space->state.store(platform::space_running, std::memory_order_relaxed);
    space->pid.store(info.pid, std::memory_order_relaxed);
    space->live.store(1, std::memory_order_relaxed);
    auto* block = reinterpret_cast<PlatformBlock*>(state.slots_base + LITEBOX_SLOT_BLOCK);
    state.slots_used = 1;
    prepare_block(state, *block, nullptr, nullptr);
    // What follows needs a current block: seeds, locks.
    asm volatile("wrgsbase %0" : : "r"(block));
    block->space = space;
    state.entropy.seed(info.seed, info.has_processor_random);
    platform::fill_entropy({reinterpret_cast<u8*>(&state.canary), sizeof(state.canary)});
    platform::fill_entropy({reinterpret_cast<u8*>(&state.patch.magic), sizeof(state.patch.magic)});
    state.canary &= ~u64{0xff};  // a zero byte stops strings
    block->head.canary = state.canary;
    start_clock(state, state.clock.data, info.counter_usable, info.counter, info.counter_ns);
    publish_thread_number(*block, info.pid);
    litebox_run_thread(block, boot_thread);
}

}  // namespace

/// The stack protector reads through %gs, which must point at something before the first block stands: the
/// arena's end, still zero.
__attribute__((no_stack_protector)) void start_sandbox(const StartInfo& info) {
    asm volatile("wrgsbase %0" : : "r"(info.arena_base + info.arena_length - page_size));
    start_on_arena(info);
}

}  // namespace litebox::process
