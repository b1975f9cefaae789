// A simulated thread: the thread block that the core knows, the guest's registers, and the host thread that
// runs both.
#pragma once

#include <condition_variable>
#include <csetjmp>
#include <functional>
#include <string>
#include <thread>

#include "arch/x86_64/registers.h"
#include "core/base/lock.h"
#include "platform/platform.h"
#include "platform/simulated/faults.h"

namespace litebox::simulated {

class Machine;
class Guest;

/// What a guest thread runs in the place of machine code.
using GuestProgram = std::function<void(Guest&)>;

/// Thrown through the guest's frames when its thread has ended (or the machine stops). Nobody else catches
/// it.
struct ThreadEnded {};

inline constexpr usize vector_area_size = 512 + 64;  // the legacy area and the XSAVE header

class SimulatedThread : Pinned {
  public:
    ThreadBlock head{};  // first: a ThreadBlock* is a SimulatedThread*
    Machine* machine = nullptr;
    platform::Space* space = nullptr;
    arch::RegisterFrame frame{};
    u64 fs_base = 0;
    u8 vectors[vector_area_size] = {};
    platform::ThreadEntry entry = nullptr;
    GuestProgram program;       // runs once `entry` has returned; empty: the code at frame.rip
    GuestProgram next_program;  // for the next thread that this one makes
    u64 start_rip = 0;          // what the parent's registers said
    std::atomic<u32> kicked{0};
    u32 number = 0;
    bool is_last = false;  // it has retired its space

    // Leaving the core for good: from exit_thread, and from anywhere once the machine stops.
    std::jmp_buf boundary;
    bool in_core = false;

    // The scheduler's, under its lock.
    enum class State : u8 { made, runnable, running, parked, ended };
    State state = State::made;
    std::atomic<u32>* word = nullptr;
    u64 deadline = platform::no_deadline;
    bool woken = false, timed_out = false;
    std::condition_variable changed;
    std::atomic<void*> sleeping_at{nullptr};
    u64 cpu_ns = 0;
    usize held_locks = 0;  // while parked
    void* stack[24] = {};  // who called park, for the report of a deadlock
    int stack_depth = 0;
    u64 last_call = ~u64{0};  // system call, likewise, and who made it
    i32 task = 0, process = 0;
    std::thread host;
    std::atomic<bool> over{false};  // its host thread may be joined
};

inline SimulatedThread& thread_of(ThreadBlock* block) {
    return *reinterpret_cast<SimulatedThread*>(block);
}
inline SimulatedThread& this_thread() {
    return thread_of(current_block());
}
/// The machine that the calling thread belongs to.
inline Machine& machine() {
    return *this_thread().machine;
}

/// Runs `body` as code of the core, on behalf of the guest. Throws ThreadEnded when it does not come back.
template <typename Body>
void enter_core(SimulatedThread& thread, Body&& body) {
    if (_setjmp(thread.boundary) != 0) {
        thread.in_core = false;
        throw ThreadEnded{};
    }
    thread.in_core = true;
    body();
    thread.in_core = false;
    if (lock_watch.held != 0) platform::panic("a lock is held on the way to the guest");
}

/// Leaves the core, whose frames are dropped without their destructors: as on a platform where the stack is
/// simply given up.
[[noreturn]] inline void leave_core(SimulatedThread& thread) {
    // What it holds stays held: whoever stops a machine looks at none of its state any more.
    lock_watch.held = 0;
    std::longjmp(thread.boundary, 1);
}
/// The same from wherever the thread is.
[[noreturn]] inline void end_thread(SimulatedThread& thread) {
    if (thread.in_core) leave_core(thread);
    throw ThreadEnded{};
}

/// First code of the host thread.
void run_thread(SimulatedThread& thread);

}  // namespace litebox::simulated
