// Thread blocks: where they come from, how they start and end.

#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

extern "C" __attribute__((visibility("hidden"))) void litebox_thread_begin();
extern "C" __attribute__((visibility("hidden"))) void litebox_switch(litebox::u64*, litebox::u64);

namespace litebox::vm {

namespace {

constexpr u64 vector_alignment = 64;
constexpr u64 legacy_control = 0x37f, vector_control = 0x1f80;

/// The initial state: an XSAVE area whose header says that nothing is in it but the legacy control words.
void clear_vectors(PlatformBlock& block) {
    __builtin_memset(block.vectors, 0, machine().xsave_size);
    *reinterpret_cast<u16*>(block.vectors) = legacy_control;
    *reinterpret_cast<u32*>(block.vectors + 24) = vector_control;
    constexpr usize header = 512;
    *reinterpret_cast<u64*>(block.vectors + header) = 3;
    block.vectors_on = nullptr;
}

/// At the stack's top: the vector area, above it the block. Below: the guest's frame, then the stack proper.
PlatformBlock* lay_out(u8* stack) {
    u64 top = reinterpret_cast<u64>(stack) + kernel_stack_size;
    u64 at = (top - sizeof(PlatformBlock)) & ~(vector_alignment - 1);
    auto* block = new (reinterpret_cast<void*>(at)) PlatformBlock();
    at = (at - machine().xsave_size) & ~(vector_alignment - 1);
    block->vectors = reinterpret_cast<u8*>(at);
    block->head.core_stack = at;
    return block;
}

PlatformBlock* take_free() {
    SchedulerState& scheduler = machine().scheduler;
    SpinGuard guard(scheduler.blocks_lock);
    PlatformBlock* block = scheduler.free_blocks;
    if (block != nullptr) scheduler.free_blocks = block->next_free;
    return block;
}

Result<PlatformBlock*> make_new() {
    u8* stack = TRY(allocate_stack());
    PlatformBlock* block = lay_out(stack);
    SchedulerState& scheduler = machine().scheduler;
    SpinGuard guard(scheduler.blocks_lock);
    block->next_made = scheduler.all_blocks;
    scheduler.all_blocks = block;
    return block;
}

void reset(PlatformBlock& block, Thread* thread, Kernel* kernel) {
    u64 stack = block.head.core_stack;
    block.head = {};
    block.head.self = &block.head;
    block.head.thread = thread;
    block.head.kernel = kernel;
    block.head.core_stack = stack;
    block.head.canary = machine().canary;
    block.head.platform_word = reinterpret_cast<u64>(&machine());
    block.frame() = {};
    block.pending.store(0, std::memory_order_relaxed);
    block.preemption_held = 0;
    block.space = block.home = nullptr;
    block.has_guest = block.retires_space = false;
    block.cleared = nullptr;
    block.weight = normal_weight;
    block.realtime = 0;
    block.sliced = true;
    block.timer_slack_ns = 0;
    block.virtual_ns = 0;
    block.affinity.store(~u64{0}, std::memory_order_relaxed);
    block.cpu_ns.store(0, std::memory_order_relaxed);
    block.fs_base = block.guest_gs_base = 0;
    block.entry = nullptr;
    block.name = "";
    clear_vectors(block);
}

/// What the first switch to it pops: six registers, then where to go.
void lay_first_switch(PlatformBlock& block, void (*begin)(PlatformBlock*)) {
    struct Image {
        u64 r15, r14, r13, r12, rbp, rbx, where, padding;
    };
    auto* image = reinterpret_cast<Image*>(block.head.core_stack - FRAME_SIZE - sizeof(Image));
    *image = {0,
              0,
              0,
              reinterpret_cast<u64>(&block),
              0,
              reinterpret_cast<u64>(begin),
              reinterpret_cast<u64>(litebox_thread_begin),
              0};
    block.saved_stack = reinterpret_cast<u64>(image);
}

void run_entry(PlatformBlock* block) {
    block->entry(block->head.thread);
}

void run_body(PlatformBlock* block) {
    block->body(block->argument);
    platform::exit_thread(nullptr);
}

/// A new thread has the registers of the guest thread that makes it.
void inherit_registers(PlatformBlock& child) {
    PlatformBlock& parent = this_block();
    child.has_guest = true;
    if (!parent.has_guest) return;
    asm volatile("rdfsbase %0" : "=r"(child.fs_base));
    InterruptsOff off;
    asm volatile("swapgs; rdgsbase %0; swapgs" : "=r"(child.guest_gs_base));
    asm volatile("xsave64 (%0)" : : "r"(child.vectors), "a"(~0u), "d"(~0u) : "memory");
}

void start_guest(PlatformBlock& block, platform::Space* space, platform::ThreadEntry entry) {
    block.space = block.home = space;
    block.entry = entry;
    space->live.fetch_add(1, std::memory_order_relaxed);
    start_block(block, run_entry);
}

/// The last of a space waits for those that are still on their way out.
void await_siblings(platform::Space& space) {
    constexpr u64 look_ns = 1000000;
    for (;;) {
        u32 live = space.live.load(std::memory_order_acquire);
        if (live <= 1) return;
        (void)platform::park(space.live, live, platform::monotonic_ns() + look_ns);
    }
}

void leave_space(PlatformBlock& block) {
    platform::Space* space = block.home;
    if (space == nullptr) return;
    if (block.retires_space) await_siblings(*space);
    {
        InterruptsOff off;
        block.space = block.home = nullptr;
        load_space(this_processor(), nullptr);
    }
    space->live.fetch_sub(1, std::memory_order_acq_rel);
    if (block.retires_space)
        drop_space(space);
    else
        platform::unpark(space->live, 1);
}

}  // namespace

Result<PlatformBlock*> make_block(Thread* thread, Kernel* kernel) {
    PlatformBlock* block = take_free();
    if (block == nullptr) block = TRY(make_new());
    reset(*block, thread, kernel);
    return block;
}

void start_block(PlatformBlock& block, void (*begin)(PlatformBlock*)) {
    lay_first_switch(block, begin);
    machine().scheduler.running.fetch_add(1, std::memory_order_relaxed);
    block.on_processor.store(0, std::memory_order_relaxed);
    block.state.store(RunState::parked, std::memory_order_release);
    (void)make_ready(block, RunState::parked);
}

Space& current_space() {
    return *this_block().space;
}

void recycle_block(PlatformBlock& block) {
    SchedulerState& scheduler = machine().scheduler;
    SpinGuard guard(scheduler.blocks_lock);
    block.next_free = scheduler.free_blocks;
    scheduler.free_blocks = &block;
}

Result<ThreadBlock*> start_kernel_thread(void (*body)(void*), void* argument, const char* name) {
    PlatformBlock* block = TRY(make_block(nullptr, this_block().head.kernel));
    block->body = body;
    block->argument = argument;
    block->name = name;
    start_block(*block, run_body);
    return &block->head;
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

Result<ThreadBlock*> create_thread_block(Thread* thread) {
    auto block = make_block(thread, this_block().head.kernel);
    if (!block.ok()) return Errno::eagain;
    return &block.value()->head;
}

void free_thread_block(ThreadBlock* head) {
    recycle_block(platform_block(head));
}

Result<void> start_thread(ThreadBlock* head, ThreadEntry entry) {
    PlatformBlock& block = platform_block(head);
    inherit_registers(block);
    start_guest(block, this_block().home, entry);
    return {};
}

Result<Space*> clone_space(ThreadBlock* first, ThreadEntry entry) {
    Space* space = TRY(copy_space(*this_block().home));
    PlatformBlock& block = platform_block(first);
    inherit_registers(block);
    start_guest(block, space, entry);
    return space;
}

Result<Space*> blank_space(ThreadBlock* first, ThreadEntry entry) {
    Space* space = TRY(make_space());
    PlatformBlock& block = platform_block(first);
    block.has_guest = true;
    start_guest(block, space, entry);
    return space;
}

Space* boot_space() {
    return machine().boot_space;
}

void retire_space(Space* space) {
    this_block().retires_space = true;
    space->retired.store(1, std::memory_order_release);
}

void exit_thread(std::atomic<u32>* cleared) {
    PlatformBlock& block = this_block();
    leave_space(block);
    asm volatile("cli" : : : "memory");
    block.cleared = cleared;
    block.has_guest = false;
    machine().scheduler.running.fetch_sub(1, std::memory_order_relaxed);
    block.state.store(RunState::dead, std::memory_order_release);
    schedule();
    __builtin_unreachable();
}

Result<void> run_in_space(Space* space, void (*action)(void*), void* argument) {
    PlatformBlock& block = this_block();
    if (space == block.space) {
        action(argument);
        return {};
    }
    if (!hold_space(space)) return Errno::esrch;
    auto go_to = [&block](Space* there) {
        InterruptsOff off;
        block.space = there;
        load_space(this_processor(), there);
    };
    Space* before = block.space;
    go_to(space);
    action(argument);
    go_to(before);
    drop_space(space);
    return {};
}

arch::RegisterFrame& guest_frame(ThreadBlock* head) {
    return platform_block(head).frame();
}

/// Also of a thread that runs elsewhere at this moment: what it has had is counted only when it is switched.
u64 thread_cpu_ns(ThreadBlock* head) {
    PlatformBlock& block = platform_block(head);
    for (;;) {
        u64 since = block.started_ns.load(std::memory_order_acquire);
        u64 counted = block.cpu_ns.load(std::memory_order_acquire);
        bool running = block.on_processor.load(std::memory_order_acquire) != 0;
        u64 now = monotonic_ns();
        if (block.started_ns.load(std::memory_order_acquire) != since) continue;
        return counted + (running && now > since ? now - since : 0);
    }
}

u64 space_cpu_ns(Space* space) {
    Machine& all = machine();
    u64 total = space->cpu_ns.load(std::memory_order_acquire);
    for (u32 i = 0; i < all.processor_count; i++) {
        const PlatformBlock& running = *__atomic_load_n(&all.processors[i]->current, __ATOMIC_ACQUIRE);
        if (running.home != space) continue;
        u64 now = monotonic_ns(), since = running.started_ns.load(std::memory_order_acquire);
        total += now > since ? now - since : 0;
    }
    return total;
}

u32 processor_count() {
    return machine().processor_count;
}

u32 current_processor() {
    InterruptsOff off;
    return this_processor().number;
}

}  // namespace litebox::platform
