// Signal handlers of the sandbox: they never dispatch. One that finds the guest at work moves its registers
// to the thread's frame and returns to litebox_trap_resume on the core stack; one that finds the core at work
// fixes up, restarts the exit path, or ends the sandbox.

#include "platform/process/trap.h"

#include "platform/process/broken.h"
#include "platform/process/host.h"
#include "platform/process/mailbox.h"
#include "platform/process/patch.h"
#include "platform/process/state.h"

namespace litebox::process {

namespace {

using Kind = upcall::Fault::Kind;

struct Occurrence {
    int signal;
    const HostSigInfo& info;
    HostContext& context;
    PlatformBlock& block;
    u64 found_gs;  // what %gs held when the signal came
};

void registers_to_frame(const HostContext& from, arch::RegisterFrame& to) {
    to.r15 = from.r15, to.r14 = from.r14, to.r13 = from.r13, to.r12 = from.r12;
    to.rbp = from.rbp, to.rbx = from.rbx, to.r11 = from.r11, to.r10 = from.r10;
    to.r9 = from.r9, to.r8 = from.r8, to.rax = from.rax, to.rcx = from.rcx;
    to.rdx = from.rdx, to.rsi = from.rsi, to.rdi = from.rdi;
    to.orig_rax = ~u64{0};
    to.rip = from.rip, to.rflags = from.rflags, to.rsp = from.rsp;
    to.full_restore = 1;
}

void frame_to_registers(const arch::RegisterFrame& from, HostContext& to) {
    to.r15 = from.r15, to.r14 = from.r14, to.r13 = from.r13, to.r12 = from.r12;
    to.rbp = from.rbp, to.rbx = from.rbx, to.r11 = from.r11, to.r10 = from.r10;
    to.r9 = from.r9, to.r8 = from.r8, to.rax = from.rax, to.rcx = from.rcx;
    to.rdx = from.rdx, to.rsi = from.rsi, to.rdi = from.rdi;
    to.rip = from.rip, to.rflags = from.rflags, to.rsp = from.rsp;
}

/// Lets the handler return into the core: to `where`, with the thread's frame as stack.
void resume_core(Occurrence& event, const void* where) {
    event.context.rip = reinterpret_cast<u64>(where);
    event.context.rsp = reinterpret_cast<u64>(&event.block.frame());
    event.context.rflags = clean_flags;
    event.context.cs = user_code_selector;
}

constexpr u64 trap_page_fault = 14;
constexpr u64 trap_breakpoint = 3;
constexpr u64 page_error_write = 2, page_error_fetch = 16;
constexpr i32 code_access_error = 2, code_integer_divide = 1, code_alignment = 1;

upcall::Fault describe_fault(const Occurrence& event) {
    upcall::Fault fault{};
    fault.host_signal = static_cast<u32>(event.signal);
    fault.host_code = static_cast<u32>(event.info.code);
    fault.address = event.info.address;
    fault.trap = static_cast<u32>(event.context.trap);
    fault.write = (event.context.error & page_error_write) != 0;
    fault.execute = (event.context.error & page_error_fetch) != 0;
    switch (event.signal) {
        case host_sigsegv:
            fault.kind = event.context.trap != trap_page_fault  ? Kind::general
                         : event.info.code == code_access_error ? Kind::protection
                                                                : Kind::page;
            break;
        case host_sigbus:
            fault.kind = event.info.code == code_alignment ? Kind::alignment : Kind::bus;
            break;
        case host_sigfpe:
            fault.kind = event.info.code == code_integer_divide ? Kind::divide : Kind::floating_point;
            break;
        case host_sigtrap:
            fault.kind = event.context.trap == trap_breakpoint ? Kind::breakpoint : Kind::single_step;
            break;
        default:
            fault.kind = Kind::invalid_opcode;
    }
    return fault;
}

constexpr u32 native_architecture = 0xc000003e;

void guest_signal(Occurrence& event) {
    PlatformBlock& block = event.block;
    registers_to_frame(event.context, block.frame());
    PendingTrap& trap = block.trap;
    if (event.signal == host_sigsys) {
        trap.kind = PendingTrap::Kind::system_call;
        // The vsyscall page's calls tell another address than that behind the instruction.
        trap.site = event.info.address == event.context.rip ? event.context.rip - 2 : 0;
        block.frame().rax = static_cast<u32>(event.info.call);
        if (event.info.architecture != native_architecture) trap.kind = PendingTrap::Kind::foreign_call;
    } else if (event.signal == kick_signal) {
        trap.kind = PendingTrap::Kind::interrupt;
    } else {
        trap.kind = PendingTrap::Kind::fault;
        trap.fault = describe_fault(event);
    }
    resume_core(event, litebox_trap_resume);
}

bool between(u64 address, const void* begin, const void* end) {
    return address >= reinterpret_cast<u64>(begin) && address < reinterpret_cast<u64>(end);
}

struct FixUp {
    i32 instruction, target;  // relative to the entry's own fields
};
extern "C" const FixUp __start_litebox_fix_ups[] __attribute__((visibility("hidden")));
extern "C" const FixUp __stop_litebox_fix_ups[] __attribute__((visibility("hidden")));

/// Resumes a user copy that faulted at its way out.
bool fix_up(HostContext& context) {
    for (const FixUp* row = __start_litebox_fix_ups; row != __stop_litebox_fix_ups; row++) {
        u64 instruction = reinterpret_cast<u64>(&row->instruction) + static_cast<u64>(i64{row->instruction});
        if (context.rip != instruction) continue;
        context.rip = reinterpret_cast<u64>(&row->target) + static_cast<u64>(i64{row->target});
        return true;
    }
    return false;
}

/// The entry ran with a %gs of the guest's own. Its general registers are all there, but the stack pointer
/// went to where %gs pointed. A second fault on the way ends the sandbox.
bool recover_entry(Occurrence& event) {
    if (event.found_gs == reinterpret_cast<u64>(&event.block)) return false;
    u64 rip = event.context.rip;
    if (between(rip, litebox_entry, litebox_entry_switched)) return true;  // repeat
    arch::RegisterFrame& frame = event.block.frame();
    if (event.signal == host_sigill && rip == reinterpret_cast<u64>(litebox_entry_lost)) {
        __builtin_memcpy(&frame, reinterpret_cast<const void*>(event.context.rsp), sizeof(frame));
    } else if (event.signal == host_sigsegv && between(rip, litebox_entry_switched, litebox_entry_lost)) {
        registers_to_frame(event.context, frame);
        frame.rip = event.context.rcx;
    } else {
        return false;
    }
    frame.rsp = *reinterpret_cast<const u64*>(event.found_gs - FRAME_SIZE + FRAME_RSP);
    event.block.trap.kind = PendingTrap::Kind::system_call;
    event.block.trap.site = 0;
    resume_core(event, litebox_trap_resume);
    return true;
}

/// A guest that steps itself by TF comes through the core's instructions.
bool step_in_core(Occurrence& event) {
    if (event.context.trap == trap_breakpoint) return false;
    if (between(event.context.rip, litebox_exit, litebox_exit_end)) {
        // The flags are in place but for this trap: put everything else there too.
        frame_to_registers(event.block.frame(), event.context);
        return true;
    }
    event.context.rflags &= ~trap_flag;
    event.block.stepping = 1;
    event.block.kicked.store(1, std::memory_order_relaxed);
    return true;
}

bool faulted_at_guest_address(u64 rip) {
    return rip == reinterpret_cast<u64>(litebox_exit_jump) ||
           rip == reinterpret_cast<u64>(litebox_exit_jump_unusual);
}

/// The core is not disturbed: it looks at `kicked` before it sleeps and before it leaves. Where it has just
/// looked, it is made to look again.
void kick_core(Occurrence& event) {
    constexpr u64 syscall_length = 2;
    HostContext& context = event.context;
    event.block.kicked.store(1, std::memory_order_relaxed);
    if (between(context.rip, litebox_exit, litebox_exit_end)) {
        resume_core(event, litebox_exit);
    } else if (between(context.rip, litebox_wait_begin, litebox_wait_end)) {
        context.rip = reinterpret_cast<u64>(litebox_wait_interrupted);
    } else if (context.rip == reinterpret_cast<u64>(litebox_gate) && context.rax == host::nr_futex &&
               context.rsi == host::futex_wait_bitset) {
        context.rip += syscall_length;
        context.rax = static_cast<u64>(-static_cast<i64>(Errno::eintr));
    }
}

void core_signal(Occurrence& event) {
    u64 rip = event.context.rip;
    if (event.signal == kick_signal) return kick_core(event);
    if (event.signal == host_sigtrap && step_in_core(event)) return;
    if (event.signal == host_sigsegv || event.signal == host_sigbus) {
        if (fix_up(event.context)) return;
        if (faulted_at_guest_address(rip)) {
            event.context.rip = event.block.resume;
            guest_signal(event);
            return;
        }
    }
    if (recover_entry(event)) return;
    panic_at("the core faulted", rip, event.info.address, event.signal);
}

}  // namespace

extern "C" void litebox_handle_signal(int signal, const HostSigInfo* info, HostContext* context,
                                      PlatformBlock* block, u64 found_gs) {
    Occurrence event{signal, *info, *context, *block, found_gs};
    if (between(context->rip, litebox_text_begin, litebox_text_end) && context->cs == user_code_selector)
        core_signal(event);
    else
        guest_signal(event);
}

extern "C" void litebox_trap(arch::RegisterFrame* frame) {
    PlatformBlock& block = this_block();
    PendingTrap trap = block.trap;
    block.trap.kind = PendingTrap::Kind::none;
    switch (trap.kind) {
        case PendingTrap::Kind::system_call:
            if (trap.site != 0) patch_site(trap.site);
            upcall::system_call(*frame);
            return;
        case PendingTrap::Kind::foreign_call:
            frame->rax = static_cast<u64>(-static_cast<i64>(Errno::enosys));
            return;
        case PendingTrap::Kind::fault:
            if (trap.fault.kind == Kind::breakpoint && enter_trampoline(*frame)) return;
            leave_trampoline(*frame);
            upcall::fault(*frame, trap.fault);
            return;
        default:
            leave_trampoline(*frame);
            litebox_kicked(frame);
    }
}

extern "C" void litebox_kicked(arch::RegisterFrame* frame) {
    PlatformBlock& block = this_block();
    serve_mailbox(block);
    if (block.stepping != 0) {
        block.stepping = 0;
        frame->rflags |= trap_flag;
    }
    upcall::interrupted(*frame);
}

}  // namespace litebox::process
