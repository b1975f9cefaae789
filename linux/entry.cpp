// North's front door: the platform's upcalls for system calls, faults and interrupts.

#include "arch/x86_64/registers.h"
#include "core/kernel.h"
#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/timers.h"
#include "linux/signal_delivery.h"
#include "linux/table.h"
#include "linux/trace.h"

namespace litebox {

namespace {

constexpr u64 number_rt_sigreturn = 15;

u64 to_register(const Result<u64>& result) {
    return result.ok() ? result.value() : static_cast<u64>(-static_cast<i64>(result.error()));
}

Result<u64> call_handler(Thread& thread, u64 number, const arch::RegisterFrame& frame) {
    const CallRow* row = call_row(number);
    if (row == nullptr || row->invoke == nullptr) return Errno::enosys;
    return row->invoke(thread, frame);
}

bool needs_restart(const Result<u64>& result) {
    return !result.ok() && result.error() >= Errno::restartsys;
}

/// Everything but the common case: pending work, or a call that is to be restarted.
[[gnu::noinline]] void finish_slowly(arch::RegisterFrame& frame, u64 number, Result<u64> result) {
    for (;;) {
        CallOutcome outcome{number, result.ok() ? Errno{} : result.error()};
        if (!needs_restart(result)) frame.rax = to_register(result);
        bool restart = false;
        leave_to_guest(frame, number == number_rt_sigreturn ? nullptr : &outcome, &restart);
        if (!restart) return;
        Thread& thread = *current_thread();
        bool through_block = result.error() == Errno::restart_block && thread.restart.function != nullptr;
        result = through_block ? thread.restart.function(thread) : call_handler(thread, number, frame);
        frame.rax = to_register(result);
        if (!needs_restart(result) && thread.work.load(std::memory_order_acquire) == 0) return;
    }
}

/// The call made another thread current: a vfork child lends or gives back the host thread.
bool thread_changed(Thread& before, arch::RegisterFrame& frame) {
    Thread& now = *current_thread();
    if (&now == &before) return false;
    frame.rax = now.resume_value;
    if (now.work.load(std::memory_order_acquire) != 0) {
        bool restart = false;
        leave_to_guest(frame, nullptr, &restart);
    }
    return true;
}

}  // namespace

void upcall::system_call(arch::RegisterFrame& frame) {
    Thread& thread = *current_thread();
    u64 number = static_cast<u32>(frame.rax);
    frame.orig_rax = number;
    thread.system_calls.store(thread.system_calls.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
    Result<u64> result = (thread.work.load(std::memory_order_relaxed) & work_notify) == 0
                             ? call_handler(thread, number, frame)
                             : traced_call(thread, number, frame, call_handler);
    if (thread_changed(thread, frame)) return;
    if (number == number_rt_sigreturn) result = frame.rax;
    constexpr u32 quiet = work_notify;
    if ((thread.work.load(std::memory_order_acquire) & ~quiet) == 0 && !needs_restart(result)) {
        frame.rax = to_register(result);
        return;
    }
    finish_slowly(frame, number, result);
}

namespace {

struct FaultSignal {
    int signal, code, trap;
};

FaultSignal signal_of(upcall::Fault::Kind kind) {
    using Kind = upcall::Fault::Kind;
    switch (kind) {
        case Kind::divide:
            return {sigfpe, 1, 0};  // FPE_INTDIV
        case Kind::floating_point:
            return {sigfpe, 0, 16};  // the platform tells the code
        case Kind::invalid_opcode:
            return {sigill, 2, 6};  // ILL_ILLOPN
        case Kind::breakpoint:
            return {sigtrap, 0x80, 3};  // SI_KERNEL
        case Kind::single_step:
            return {sigtrap, 2, 1};  // TRAP_TRACE
        case Kind::alignment:
            return {sigbus, 1, 17};  // BUS_ADRALN
        case Kind::bus:
            return {sigbus, 2, 14};  // BUS_ADRERR
        default:
            return {sigsegv, 0x80, 13};  // SI_KERNEL: general protection
    }
}

constexpr int page_fault_trap = 14;

}  // namespace

void upcall::fault(arch::RegisterFrame& frame, const Fault& fault) {
    Thread& thread = *current_thread();
    frame.full_restore = 1;
    bool page = fault.kind == Fault::Kind::page || fault.kind == Fault::Kind::protection ||
                fault.kind == Fault::Kind::bus;
    SignalInfo info;
    thread.minor_faults += page ? 1 : 0;
    if (page) {
        auto verdict = thread.space->handle_fault(fault.address, fault.write, fault.execute);
        if (!verdict.resolved) {
            info.signal = verdict.signal;
            info.code = verdict.code;
            info.address = fault.address;
            thread.fault_trap = page_fault_trap;
            thread.fault_error =
                4 | (fault.write ? 2 : 0) | (fault.execute ? 16 : 0) | (verdict.code == 2 ? 1 : 0);
        }
    } else {
        FaultSignal signal = signal_of(fault.kind);
        info.signal = signal.signal;
        info.code = fault.host_code != 0 ? static_cast<int>(fault.host_code) : signal.code;
        bool at_instruction = info.signal == sigill || info.signal == sigfpe;
        info.address = at_instruction ? frame.rip : fault.address;
        thread.fault_trap = fault.trap != 0 ? static_cast<int>(fault.trap) : signal.trap;
        thread.fault_error = 0;
    }
    if (info.signal != 0) force_signal(thread, info);
    interrupted(frame);
}

void upcall::interrupted(arch::RegisterFrame& frame) {
    frame.orig_rax = ~u64{0};
    frame.full_restore = 1;
    if ((current_thread()->work.load(std::memory_order_acquire) & ~u32{work_notify}) == 0) return;
    bool restart = false;
    leave_to_guest(frame, nullptr, &restart);
}

void upcall::out_of_memory(arch::RegisterFrame& frame) {
    // Whoever touches the last page need not be who took the others.
    if (!end_largest_process()) platform::yield();
    interrupted(frame);
}

void upcall::alarm() {
    kernel().timers->run();
}

}  // namespace litebox
