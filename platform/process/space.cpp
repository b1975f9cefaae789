// Address spaces are host processes: clone, the spare one for exec, the end, and errands in other spaces.

#include "platform/process/host.h"
#include "platform/process/mailbox.h"
#include "platform/process/state.h"
#include "platform/process/system.h"
#include "platform/process/thread.h"
#include "platform/process/trap.h"

namespace litebox::process {

namespace {

enum Request : u32 { idle = 0, posted = 1, taken = 2, done = 3 };

}  // namespace

platform::Space* new_space(SandboxState& state) {
    LockGuard guard(state.spaces_mutex);
    platform::Space* space = state.free_spaces;
    if (space != nullptr) {
        state.free_spaces = space->next_free;
    } else {
        if (state.spaces_used == state.space_count) return nullptr;
        space = new (&state.spaces[state.spaces_used++]) platform::Space();
    }
    space->begin();
    return space;
}

void release_space(platform::Space& space) {
    SandboxState& state = sandbox();
    space.state.store(platform::space_free, std::memory_order_release);
    LockGuard guard(state.spaces_mutex);
    space.next_free = state.free_spaces;
    state.free_spaces = &space;
}

void await_siblings(platform::Space& space) {
    for (;;) {
        u32 live = space.live.load(std::memory_order_acquire);
        if (live <= 1) return;
        (void)platform::park(space.live, live, platform::monotonic_ns() + 1000000);
    }
}

Result<void> clone_into(platform::Space& space, PlatformBlock& block) {
    platform::Space& parent = *this_block().space;
    for (u32 i = 0; i < most_slots / 64; i++)
        space.guarded[i] = __atomic_load_n(&parent.guarded[i], __ATOMIC_RELAXED);
    space.live.store(1, std::memory_order_relaxed);
    block.space = &space;
    sandbox().awake.fetch_add(1, std::memory_order_relaxed);
    auto pid = host::clone_process(block);
    if (!pid.ok()) {
        sandbox().awake.fetch_sub(1, std::memory_order_relaxed);
        return pid.error();
    }
    space.pid.store(pid.value(), std::memory_order_release);
    publish_thread_number(block, pid.value());
    return {};
}

void serve_mailbox(PlatformBlock& block) {
    platform::Space& space = *block.space;
    u32 expected = posted;
    if (!space.request.compare_exchange_strong(expected, taken, std::memory_order_acquire)) return;
    space.action(space.argument);
    space.request.store(done, std::memory_order_release);
    platform::unpark(space.request, 1);
}

namespace {

/// Kicks one thread of the space; false if there is none to kick.
bool kick_any(platform::Space& space, u32 turn) {
    LockGuard guard(space.threads_mutex);
    u32 count = 0;
    for (PlatformBlock* block = space.threads; block != nullptr; block = block->next_in_space) count++;
    if (count == 0) return false;
    PlatformBlock* block = space.threads;
    for (u32 i = turn % count; i > 0; i--) block = block->next_in_space;
    platform::interrupt(&block->head);
    return true;
}

bool running(platform::Space& space) {
    return space.state.load(std::memory_order_acquire) == platform::space_running;
}

}  // namespace

/// The spare process: sleeps until somebody execs into it, then goes on as that thread.
void spare_thread(Thread* /*none*/) {
    SandboxState& state = sandbox();
    while (state.spare.state.load(std::memory_order_acquire) != spare_taken)
        (void)platform::park(state.spare.state, spare_ready, platform::no_deadline);
    PlatformBlock& next = *state.spare.next;
    state.spare.state.store(spare_none, std::memory_order_release);
    platform::unpark(state.spare.state, 1);
    next.trap.kind = PendingTrap::Kind::none;
    PlatformBlock& own = this_block();
    next.space = own.space;
    next.previous_host_block = &own;
    // The signal stack stays our own until the next block has settled: a handler there would make our block
    // the current one again.
    (void)end_kicks(own);
    litebox_run_thread(&next, leave_spare);
}

void leave_spare(PlatformBlock* block) {
    PlatformBlock& old = *block->previous_host_block;
    u32 pid = block->space->pid.load(std::memory_order_acquire);
    settle_thread(*block);
    abandon_block(old);
    publish_thread_number(*block, pid);
    block->entry(block->head.thread);
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

Space* boot_space() {
    return sandbox().boot_space;
}

Result<Space*> clone_space(ThreadBlock* first, ThreadEntry entry) {
    Space* space = new_space(sandbox());
    if (space == nullptr) return Errno::eagain;
    PlatformBlock& block = *platform_block(first);
    block.entry = entry;
    auto cloned = clone_into(*space, block);
    if (cloned.ok()) return space;
    release_space(*space);
    return cloned.error();
}

Result<Space*> blank_space(ThreadBlock* first, ThreadEntry entry) {
    SandboxState& state = sandbox();
    PlatformBlock& block = *platform_block(first);
    block.entry = entry;
    if (!state.clones_processes) return Errno::eagain;
    LockGuard guard(state.spare.mutex);
    for (;;) {
        u32 now = state.spare.state.load(std::memory_order_acquire);
        if (now == spare_ready) break;
        if (now == spare_failed) {
            state.spare.state.store(spare_none, std::memory_order_relaxed);
            return Errno::eagain;
        }
        ring_system_bell(state);
        (void)park(state.spare.state, now, no_deadline);
    }
    Space* space = state.spare.space;
    state.spare.next = &block;
    state.spare.state.store(spare_taken, std::memory_order_release);
    unpark(state.spare.state, ~0u);
    while (state.spare.state.load(std::memory_order_acquire) == spare_taken)
        (void)park(state.spare.state, spare_taken, no_deadline);
    ring_system_bell(state);
    return space;
}

void retire_space(Space* space) {
    this_block().retires_space = 1;
    space->state.store(space_retired, std::memory_order_release);
}

Result<void> run_in_space(Space* space, void (*action)(void*), void* argument) {
    if (space == this_block().space) {
        action(argument);
        return {};
    }
    LockGuard guard(space->mailbox_mutex);
    if (!running(*space)) return Errno::esrch;
    space->action = action;
    space->argument = argument;
    space->request.store(posted, std::memory_order_release);
    for (u32 turn = 0;; turn++) {
        u32 now = space->request.load(std::memory_order_acquire);
        if (now == done) break;
        if (now == posted && !running(*space)) {
            u32 expected = posted;
            if (space->request.compare_exchange_strong(expected, idle)) return Errno::esrch;
            continue;
        }
        if (now == posted) (void)kick_any(*space, turn);
        (void)park(space->request, now, monotonic_ns() + 10000000);
    }
    space->request.store(idle, std::memory_order_relaxed);
    return {};
}

u64 space_cpu_ns(Space* space) {
    // The host's clock of another process: complement of its number, "scheduler" clock.
    return host::clock(static_cast<i32>(~space->pid.load(std::memory_order_relaxed) << 3 | 2));
}

}  // namespace litebox::platform
