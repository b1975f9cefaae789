#include "platform/process/resting.h"

#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/thread.h"
#include "platform/process/trap.h"
#include "platform/process/vector_state.h"

namespace litebox::process {

namespace {

enum RestState : u32 { busy = 0, resting = 1, called = 2, dismissed = 3 };
constexpr u32 most_of_a_space = 4;
constexpr i32 most_of_all = 24;  // of the slots that start.cpp has beyond the guest's
constexpr i32 clock_thread_cpu = 3;

/// Off the processor and in its space's list. False: there are enough, or the space is about to end.
bool lie_down(PlatformBlock& own) {
    platform::Space& space = *own.space;
    SandboxState& state = own.state();
    LockGuard guard(space.threads_mutex);
    if (space.state.load(std::memory_order_acquire) != platform::space_running) return false;
    if (space.resting_count >= most_of_a_space) return false;
    if (state.resting.fetch_add(1, std::memory_order_relaxed) >= most_of_all) {
        state.resting.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    own.rest.store(resting, std::memory_order_relaxed);
    own.next_in_space = space.resting;
    space.resting = &own;
    space.resting_count++;
    // Whoever waits to be alone in the space looks once a millisecond anyway.
    space.live.fetch_sub(1, std::memory_order_release);
    return true;
}

/// Under threads_mutex.
PlatformBlock* take_resting(platform::Space& space) {
    PlatformBlock* block = space.resting;
    if (block == nullptr) return nullptr;
    space.resting = block->next_in_space;
    space.resting_count--;
    block->state().resting.fetch_sub(1, std::memory_order_relaxed);
    return block;
}

void rouse(PlatformBlock& block, RestState how) {
    block.rest.store(how, std::memory_order_release);
    platform::unpark(block.rest, 1);
}

/// On the new block's stack; the old one's is free from here on, but for its signal stack, which serves until
/// the new one's is installed.
void begin_anew(PlatformBlock* block) {
    PlatformBlock& old = *block->previous_host_block;
    platform::set_fs_base(block->given_fs_base);
    load_vectors(reinterpret_cast<const u8*>(block->alternate_stack()));
    settle_thread(*block);
    platform::free_thread_block(&old.head);
    block->entry(block->head.thread);
}

}  // namespace

void rest(PlatformBlock& own, u32 tid) {
    own.host_thread = tid;
    own.cpu_before = host::clock(clock_thread_cpu);
    own.kicked.store(0, std::memory_order_relaxed);  // it serves the space no more: others are kicked
    if (!lie_down(own)) return;
    while (own.rest.load(std::memory_order_acquire) == resting)
        (void)platform::park(own.rest, resting, platform::no_deadline);
    if (own.rest.load(std::memory_order_relaxed) == dismissed) return;
    PlatformBlock& next = *own.successor;
    next.previous_host_block = &own;
    litebox_run_thread(&next, begin_anew);
}

bool wake_resting(PlatformBlock& block) {
    platform::Space& space = *block.space;
    PlatformBlock* host;
    {
        LockGuard guard(space.threads_mutex);
        host = take_resting(space);
    }
    if (host == nullptr) return false;
    block.given_fs_base = platform::fs_base();
    save_vectors(reinterpret_cast<u8*>(block.alternate_stack()));
    // From the call on `host` may be given to another thread at any time.
    u32 tid = host->host_thread;
    // Before the number by which others ask how long it ran.
    block.cpu_before = host->cpu_before;
    host->successor = &block;
    rouse(*host, called);
    publish_thread_number(block, tid);
    return true;
}

void dismiss_resting(platform::Space& space) {
    LockGuard guard(space.threads_mutex);
    while (PlatformBlock* block = take_resting(space)) {
        space.live.fetch_add(1, std::memory_order_relaxed);
        rouse(*block, dismissed);
    }
}

}  // namespace litebox::process
