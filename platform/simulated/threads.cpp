// South: threads, spaces, sleeping and waking, registers.
#include <cstring>

#include "core/base/heap.h"
#include "platform/simulated/machine.h"
#include "platform/simulated/mailbox.h"

namespace litebox::simulated {

namespace {

enum Request : u32 { idle = 0, posted = 1, taken = 2, done = 3 };

}  // namespace

void run_thread(SimulatedThread& thread) {
    hosted_block = &thread.head;
    Machine& machine = *thread.machine;
    if (machine.scheduler().begin(thread)) {
        if (!machine.options().free_running)
            lock_watch.point = [](bool) { simulated::machine().pass_point(); };
        try {
            thread.start_rip = thread.frame.rip;
            enter_core(thread, [&] { thread.entry(thread.head.thread); });
            Guest(thread).run();
        } catch (const ThreadEnded&) {
        }
    }
    lock_watch.point = nullptr;
    thread.over.store(true);
    machine.scheduler().end(thread);
}

void serve_mailbox(SimulatedThread& thread) {
    platform::Space& space = *thread.space;
    u32 expected = posted;
    if (!space.request.compare_exchange_strong(expected, taken)) return;
    space.action(space.argument);
    space.request.store(done);
    platform::unpark(space.request, ~0u);
}

}  // namespace litebox::simulated

namespace litebox::platform {

using namespace simulated;

Result<ThreadBlock*> create_thread_block(Thread* task) {
    TRY(machine().begin(Operation::create_thread_block));
    SimulatedThread* thread = machine().new_thread(task);
    if (thread == nullptr) return Errno::eagain;
    thread->program = this_thread().next_program;
    return &thread->head;
}

void free_thread_block(ThreadBlock* block) {
    machine().end(thread_of(block));
}

Result<void> start_thread(ThreadBlock* block, ThreadEntry entry) {
    TRY(machine().begin(Operation::start_thread));
    machine().start(thread_of(block), *this_thread().space, entry);
    return {};
}

Space* boot_space() {
    return machine().boot_space();
}

Result<Space*> clone_space(ThreadBlock* first, ThreadEntry entry) {
    TRY(machine().begin(Operation::clone_space));
    Space* space = machine().new_space();
    space->memory.copy_from(this_thread().space->memory);
    SimulatedThread& child = thread_of(first);
    child.fs_base = this_thread().fs_base;
    std::memcpy(child.vectors, this_thread().vectors, sizeof(child.vectors));
    machine().start(child, *space, entry);
    return space;
}

Result<Space*> blank_space(ThreadBlock* first, ThreadEntry entry) {
    TRY(machine().begin(Operation::blank_space));
    Space* space = machine().new_space();
    machine().start(thread_of(first), *space, entry);
    return space;
}

void retire_space(Space* space) {
    space->state.store(SpaceState::retired);
    this_thread().is_last = true;
}

void exit_thread(std::atomic<u32>* cleared) {
    SimulatedThread& thread = this_thread();
    if (lock_watch.held != 0) panic("a thread ends with a lock held");
    if (thread.is_last) {
        // Siblings are on their way out.
        while (thread.space->live.load() > 1) yield();
        thread.space->memory.clear();
    }
    if (cleared != nullptr) {
        cleared->store(1);
        unpark(*cleared, ~0u);
    }
    machine().end(thread);
    leave_core(thread);
}

Result<void> run_in_space(Space* space, void (*action)(void*), void* argument) {
    SimulatedThread& thread = this_thread();
    if (space == thread.space) {
        action(argument);
        return {};
    }
    TRY(machine().begin(Operation::run_in_space));
    LockGuard guard(space->mailbox_mutex);
    if (space->state.load() != SpaceState::running) return Errno::esrch;
    space->action = action;
    space->argument = argument;
    space->request.store(posted);
    u64 patience_ns = 1000000;
    for (;;) {
        u32 now = space->request.load();
        if (now == done) break;
        if (now == posted && space->state.load() != SpaceState::running) {
            if (space->request.compare_exchange_strong(now, idle)) return Errno::esrch;
            continue;
        }
        if (now == posted) machine().interrupt_any(*space);
        (void)park(space->request, now, monotonic_ns() + patience_ns);
        // Ever longer, so that one that never ends soon leaves the time that a machine is given.
        patience_ns *= 2;
    }
    space->request.store(idle);
    return {};
}

ParkResult park(std::atomic<u32>& word, u32 expected, u64 deadline) {
    SimulatedThread& thread = this_thread();
    if (!machine().begin(Operation::park).ok()) return ParkResult::woken;
    if (thread.kicked.exchange(0) != 0) {
        serve_mailbox(thread);
        return ParkResult::woken;
    }
    auto result = machine().scheduler().park(thread, word, expected, deadline);
    if (thread.kicked.exchange(0) != 0) {
        serve_mailbox(thread);
        return ParkResult::woken;
    }
    return result;
}

void unpark(std::atomic<u32>& word, u32 count) {
    machine().scheduler().unpark(word, count);
    machine().pass_point();
}

void interrupt(ThreadBlock* block) {
    machine().interrupt(thread_of(block));
    machine().pass_point();
}

void yield() {
    machine().scheduler().point(this_thread(), true);
}

/// The host schedules.
void set_scheduling(ThreadBlock*, const Scheduling&) {}

bool spinning_pays() {
    return machine().options().free_running;
}

void barrier_all(bool) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

struct GuestState {
    arch::RegisterFrame frame;
    u64 fs_base;
    u8 vectors[vector_area_size];
};

Result<GuestState*> save_guest_state() {
    TRY(machine().begin(Operation::save_guest_state));
    auto* state = static_cast<GuestState*>(heap_allocate(sizeof(GuestState)));
    if (state == nullptr) return Errno::enomem;
    SimulatedThread& thread = this_thread();
    state->frame = thread.frame;
    state->fs_base = thread.fs_base;
    std::memcpy(state->vectors, thread.vectors, sizeof(state->vectors));
    return state;
}

void restore_guest_state(GuestState* state) {
    SimulatedThread& thread = this_thread();
    thread.frame = state->frame;
    thread.fs_base = state->fs_base;
    std::memcpy(thread.vectors, state->vectors, sizeof(state->vectors));
    heap_free(state);
}

arch::RegisterFrame& guest_frame(ThreadBlock* block) {
    return thread_of(block).frame;
}

usize xsave_size() {
    return vector_area_size + sizeof(u32);
}
void save_vector_state(void* area) {
    std::memset(area, 0, xsave_size());
    std::memcpy(area, this_thread().vectors, vector_area_size);
}
void restore_vector_state(const void* area) {
    std::memcpy(this_thread().vectors, area, vector_area_size);
}
u64 fs_base() {
    return this_thread().fs_base;
}
void set_fs_base(u64 base) {
    this_thread().fs_base = base;
}

}  // namespace litebox::platform
