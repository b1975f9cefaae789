// Threads: slots, start, kick, end.

#include "platform/process/thread.h"

#include "platform/process/host.h"
#include "platform/process/host_signal.h"
#include "platform/process/mailbox.h"
#include "platform/process/resting.h"
#include "platform/process/state.h"
#include "platform/process/trap.h"
#include "platform/process/vector_state.h"

namespace litebox::process {

namespace {

constexpr int slots_looked_at = 16;

/// A freed slot whose last thread is off its stack; among the most recently freed ones.
PlatformBlock* take_freed_slot(SandboxState& state) {
    PlatformBlock** link = &state.free_slots;
    for (int i = 0; i < slots_looked_at && *link != nullptr; i++, link = &(*link)->next_free) {
        PlatformBlock* block = *link;
        if (block->gone.load(std::memory_order_acquire) == 0) continue;
        *link = block->next_free;
        return block;
    }
    return nullptr;
}

PlatformBlock* take_slot(SandboxState& state) {
    LockGuard guard(state.slots_mutex);
    if (PlatformBlock* freed = take_freed_slot(state)) return freed;
    if (state.slots_used == state.slot_count) return nullptr;
    u64 slot = state.slots_base + u64{state.slots_used++} * LITEBOX_SLOT_SIZE;
    return reinterpret_cast<PlatformBlock*>(slot + LITEBOX_SLOT_BLOCK);
}

void give_slot_back(SandboxState& state, PlatformBlock& block) {
    LockGuard guard(state.slots_mutex);
    block.next_free = state.free_slots;
    state.free_slots = &block;
}

void enter_space(PlatformBlock& block) {
    platform::Space& space = *block.space;
    LockGuard guard(space.threads_mutex);
    block.previous_in_space = nullptr;
    block.next_in_space = space.threads;
    if (space.threads != nullptr) space.threads->previous_in_space = &block;
    space.threads = &block;
}

void leave_space(PlatformBlock& block) {
    platform::Space& space = *block.space;
    LockGuard guard(space.threads_mutex);
    if (block.next_in_space != nullptr) block.next_in_space->previous_in_space = block.previous_in_space;
    if (block.previous_in_space != nullptr)
        block.previous_in_space->next_in_space = block.next_in_space;
    else
        space.threads = block.next_in_space;
}

/// The kernel takes the stack only from a signal frame, since sigaltstack is not among the permitted calls.
/// That frame carries no vector state, which would reset it, so it is kept in the stack's own memory
/// meanwhile.
void install_signal_stack(PlatformBlock& block) {
    auto* area = reinterpret_cast<u8*>(block.alternate_stack());
    save_vectors(area);
    HostSignalFrame frame{};
    frame.context.stack_base = block.alternate_stack();
    frame.context.stack_size = LITEBOX_SLOT_ALTERNATE_SIZE;
    frame.context.cs = user_code_selector;
    frame.context.rflags = clean_flags;
    litebox_load_context(&frame.context);
    load_vectors(area);
}

void lock_kicks(PlatformBlock& block) {
    while (block.kick_lock.exchange(1, std::memory_order_acquire) != 0) asm volatile("pause");
}
void unlock_kicks(PlatformBlock& block) {
    block.kick_lock.store(0, std::memory_order_release);
}

/// Under kick_lock.
void send_kick(PlatformBlock& block) {
    u32 tid = block.tid.load(std::memory_order_relaxed);
    if (tid == 0 || block.signal_stack_ready == 0) return;
    (void)host::kick(block.space->pid.load(std::memory_order_relaxed), tid);
}

}  // namespace

u32 end_kicks(PlatformBlock& block) {
    // Whoever made the thread is about to tell its number.
    while (block.tid.load(std::memory_order_acquire) == 0) host::sleep_on(block.tid, 0, 20000);
    lock_kicks(block);
    u32 tid = block.tid.exchange(0, std::memory_order_relaxed);
    unlock_kicks(block);
    // A kick that was sent is delivered at the latest when a host call returns.
    (void)host::wake(block.tid, 0);
    return tid;
}

void prepare_block(SandboxState& state, PlatformBlock& block, Thread* thread, Kernel* kernel) {
    block.frame() = {};
    block.head = {};
    block.head.self = &block.head;
    block.head.thread = thread;
    block.head.kernel = kernel;
    block.head.core_stack = reinterpret_cast<u64>(&block) - FRAME_SIZE + FRAME_RSP;
    block.head.canary = state.canary;
    block.head.platform_word = reinterpret_cast<u64>(&state);
    block.kicked.store(0, std::memory_order_relaxed);
    block.tid.store(0, std::memory_order_relaxed);
    block.gone.store(0, std::memory_order_relaxed);
    block.signal_stack_ready = 0;
    block.retires_space = 0;
    block.stepping = 0;
    block.trap.kind = PendingTrap::Kind::none;
    block.space = nullptr;
    block.entry = nullptr;
    block.cpu_before = 0;
}

void publish_thread_number(PlatformBlock& block, u32 tid) {
    lock_kicks(block);
    block.tid.store(tid, std::memory_order_release);
    if (block.kicked.load(std::memory_order_relaxed) != 0) send_kick(block);
    unlock_kicks(block);
}

void settle_thread(PlatformBlock& block) {
    guard_slot(*block.space, block);
    install_signal_stack(block);
    enter_space(block);
    lock_kicks(block);
    block.signal_stack_ready = 1;
    unlock_kicks(block);
}

void abandon_block(PlatformBlock& block) {
    lock_kicks(block);
    block.tid.store(0, std::memory_order_relaxed);
    unlock_kicks(block);
    leave_space(block);
    platform::free_thread_block(&block.head);
}

extern "C" void litebox_thread_started(PlatformBlock* block) {
    settle_thread(*block);
    block->entry(block->head.thread);
}

void guard_slot(platform::Space& space, PlatformBlock& block) {
    SandboxState& state = block.state();
    u64 index = (block.slot() - state.slots_base) / LITEBOX_SLOT_SIZE;
    u64 bit = u64{1} << (index % 64);
    if ((__atomic_load_n(&space.guarded[index / 64], __ATOMIC_RELAXED) & bit) != 0) return;
    if (host::protect(block.slot(), LITEBOX_SLOT_STACK, platform::prot_none).ok())
        __atomic_fetch_or(&space.guarded[index / 64], bit, __ATOMIC_RELAXED);
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

Result<ThreadBlock*> create_thread_block(Thread* thread) {
    SandboxState& state = sandbox();
    PlatformBlock* block = take_slot(state);
    if (block == nullptr) return Errno::eagain;
    prepare_block(state, *block, thread, this_block().head.kernel);
    return &block->head;
}

void free_thread_block(ThreadBlock* head) {
    PlatformBlock& block = *platform_block(head);
    block.head.thread = nullptr;
    block.gone.store(1, std::memory_order_release);
    give_slot_back(block.state(), block);
}

Result<void> start_thread(ThreadBlock* head, ThreadEntry entry) {
    PlatformBlock& block = *platform_block(head);
    block.space = this_block().space;
    block.entry = entry;
    block.space->live.fetch_add(1, std::memory_order_relaxed);
    if (wake_resting(block)) return {};
    sandbox().awake.fetch_add(1, std::memory_order_relaxed);
    auto tid = host::clone_thread(block);
    if (!tid.ok()) {
        block.space->live.fetch_sub(1, std::memory_order_relaxed);
        sandbox().awake.fetch_sub(1, std::memory_order_relaxed);
        return tid.error();
    }
    publish_thread_number(block, tid.value());
    return {};
}

void exit_thread(std::atomic<u32>* cleared) {
    PlatformBlock& block = this_block();
    Space& space = *block.space;
    u32 tid = end_kicks(block);
    block.head.thread = nullptr;  // nobody enters the core by this block any more
    leave_space(block);
    // A sibling that is on its way out sees the space retired too: only who retired it is the last.
    bool last = block.retires_space != 0;
    if (last) {
        dismiss_resting(space);
        await_siblings(space);
    } else if (cleared == nullptr) {
        rest(block, tid);
    }
    give_slot_back(block.state(), block);
    block.state().awake.fetch_sub(1, std::memory_order_relaxed);
    if (last) release_space(space);
    litebox_end_thread(&block, cleared, &space.live, last ? 1 : 0);
}

void interrupt(ThreadBlock* head) {
    PlatformBlock& block = *platform_block(head);
    lock_kicks(block);
    block.kicked.store(1, std::memory_order_relaxed);
    send_kick(block);
    unlock_kicks(block);
}

arch::RegisterFrame& guest_frame(ThreadBlock* head) {
    return platform_block(head)->frame();
}

}  // namespace litebox::platform
