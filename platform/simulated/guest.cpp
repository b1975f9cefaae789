#include "platform/simulated/guest.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "core/task/process.h"
#include "platform/simulated/machine.h"
#include "platform/simulated/mailbox.h"

namespace litebox::simulated {

namespace {

/// The guest's instruction pointer leads somewhere else than behind the last call: whoever stands there goes
/// on.
struct Jump {};

constexpr u64 instruction_length = 2;  // of a system call, which is stepped back over to be made again
constexpr u64 skip_distance = 1;
constexpr u64 saved_rip_offset = 40 + 16 * 8;  // in struct ucontext

}  // namespace

u64 Guest::machine_token() {
    return machine().next_token();
}

void Guest::enter_system_call() {
    thread_.last_call = thread_.frame.rax;
    thread_.task = thread_.head.thread->tid;
    thread_.process = thread_.head.thread->process->pid;
    enter_core(thread_, [&] { upcall::system_call(thread_.frame); });
    take_interrupts();
}

void Guest::take_interrupts() {
    while (thread_.kicked.exchange(0) != 0) {
        enter_core(thread_, [&] {
            serve_mailbox(thread_);
            upcall::interrupted(thread_.frame);
        });
    }
}

void Guest::run_handler(const SignalHandler& handler) {
    arch::RegisterFrame& frame = thread_.frame;
    handler(*this, static_cast<int>(frame.rdi), frame.rsi, frame.rdx);
    // Its return instruction.
    u64 back = load<u64>(frame.rsp);
    frame.rsp += sizeof(u64);
    frame.rip = back;
    if (back != restorer_address) return;
    frame.rax = SYS_rt_sigreturn;
    enter_system_call();
}

/// Runs what the core has put between this instruction and the next (handlers, restarted calls) until the
/// guest stands at `token` again. False: a handler has skipped the instruction.
bool Guest::settle(u64 token) {
    for (;;) {
        u64 rip = thread_.frame.rip;
        if (rip == token) return true;
        if (rip == token + skip_distance) return false;
        if (rip == token - instruction_length) {
            thread_.frame.rip = token;
            enter_system_call();
        } else if (const SignalHandler* handler = machine().handler_at(rip)) {
            run_handler(*handler);
        } else {
            throw Jump{};
        }
    }
}

i64 Guest::call_at(u64 token, u64 number, const u64 (&arguments)[6]) {
    arch::RegisterFrame& frame = thread_.frame;
    frame.rax = number;
    frame.rdi = arguments[0], frame.rsi = arguments[1], frame.rdx = arguments[2];
    frame.r10 = arguments[3], frame.r8 = arguments[4], frame.r9 = arguments[5];
    frame.rip = token;
    frame.full_restore = 0;
    enter_system_call();
    settle(token);
    return static_cast<i64>(frame.rax);
}

void Guest::fault(u64 address, bool write, bool execute, u64 token) {
    constexpr u32 segmentation = 11, bus = 7;
    upcall::Fault fault{};
    fault.kind = thread_.space->memory.fault_kind(address);
    fault.write = write;
    fault.execute = execute;
    fault.address = address;
    fault.host_signal = fault.kind == upcall::Fault::Kind::bus ? bus : segmentation;
    fault.trap = 14;
    if (!execute) thread_.frame.rip = token;
    enter_core(thread_, [&] { upcall::fault(thread_.frame, fault); });
    take_interrupts();
}

bool Guest::touch(u64 address, void* bytes, usize length, bool write) {
    const platform::SpaceLimits limits = platform::space_limits();
    for (usize done = 0; done < length;) {
        machine().pass_point();
        u64 token = machine_token();
        thread_.frame.rip = token;
        take_interrupts();
        settle(token);
        bool reachable = address + done >= limits.lowest && address + done < limits.end;
        done += reachable ? thread_.space->memory.access(address + done, length - done, write,
                                                         [&, at = done](u8* page, usize part) mutable {
                                                             u8* own = static_cast<u8*>(bytes) + at;
                                                             copy_shared(write ? page : own,
                                                                         write ? own : page, part);
                                                             at += part;
                                                             return true;
                                                         })
                          : 0;
        if (done == length) break;
        fault(address + done, write, false, token);
        if (!settle(token)) return false;
    }
    return true;
}

u32 Guest::compare_exchange(u64 address, u32 expected, u32 desired) {
    for (;;) {
        u64 token = machine_token();
        thread_.frame.rip = token;
        usize done = thread_.space->memory.access(address, sizeof(u32), true, [&](u8* bytes, usize) {
            __atomic_compare_exchange_n(reinterpret_cast<u32*>(bytes), &expected, desired, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
            return true;
        });
        if (done == sizeof(u32)) return expected;
        fault(address, true, false, token);
        if (!settle(token)) return expected;
    }
}

void Guest::pause() {
    u64 token = machine_token();
    thread_.frame.rip = token;
    machine().scheduler().point(thread_, true);
    take_interrupts();
    settle(token);
}

void Guest::press_for_memory() {
    enter_core(thread_, [] { upcall::memory_pressure(); });
}

void Guest::skip_instruction(u64 context) {
    u64 at = context + saved_rip_offset;
    store(at, load<u64>(at) + skip_distance);
}

i64 Guest::call_with_child(u64 number, const u64 (&arguments)[6], GuestProgram child) {
    Thread* caller = thread_.head.thread;
    u64 token = machine_token();
    thread_.next_program = child;
    i64 result = call_at(token, number, arguments);
    if (thread_.head.thread == caller) {
        thread_.next_program = nullptr;
        return result;
    }
    try {
        thread_.next_program = nullptr;
        child(*this);
        exit(0);
    } catch (const Jump&) {
        // The child has ended or execed, and this host thread is its parent's again; or the child has gone
        // astray.
        if (thread_.frame.rip != token) throw;
    }
    return static_cast<i64>(thread_.frame.rax);
}

i64 Guest::fork(GuestProgram child, u64 flags) {
    return call_with_child(SYS_clone, {flags, 0, 0, 0, 0, 0}, std::move(child));
}

i64 Guest::vfork(GuestProgram child) {
    constexpr u64 flags = 0x4000 | 0x100 | 17;  // CLONE_VFORK | CLONE_VM | SIGCHLD
    return call_with_child(SYS_clone, {flags, 0, 0, 0, 0, 0}, std::move(child));
}

i64 Guest::thread(GuestProgram body, u64 tid_word) {
    // CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM; CHILD_CLEARTID where asked for.
    constexpr u64 flags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000, clear = 0x200000;
    constexpr u64 stack_length = 64 << 10;
    u64 stack = map(stack_length);
    if (static_cast<i64>(stack) < 0) return static_cast<i64>(stack);
    auto whole = [body = std::move(body)](Guest& guest) {
        body(guest);
        guest.call(SYS_exit, 0);
    };
    i64 tid = call_with_child(
        SYS_clone, {flags | (tid_word != 0 ? clear : 0), stack + stack_length - 64, 0, tid_word, 0, 0},
        whole);
    if (tid < 0) call(SYS_munmap, stack, stack_length);
    return tid;
}

void Guest::exit(int code) {
    call(SYS_exit_group, code);
    // Only a borrowed thread comes here: settle() has thrown.
    __builtin_unreachable();
}

/// From the instruction pointer on, until the thread ends.
void Guest::run_code() {
    for (;;) {
        u64 rip = thread_.frame.rip;
        if (const SignalHandler* handler = machine().handler_at(rip)) {
            run_handler(*handler);
            continue;
        }
        const GuestProgram* program = machine().program_at(rip);
        if (program != nullptr && thread_.space->memory.executable(rip)) {
            (*program)(*this);
            exit(0);
        }
        fault(rip, false, true, rip);
    }
}

void Guest::run() {
    take_interrupts();
    GuestProgram program = std::move(thread_.program);
    for (bool first = program != nullptr;; first = false) {
        try {
            if (first) {
                settle(thread_.start_rip);
                program(*this);
                exit(0);
            }
            run_code();
        } catch (const Jump&) {
        }
    }
}

}  // namespace litebox::simulated
