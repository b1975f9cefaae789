// What comes through the door: exceptions and interrupts, of the guest and of the kernel itself.

#include "platform/vm/cpu/traps.h"

#include "platform/vm/cpu/processors.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"
#include "platform/vm/task/page_in.h"
#include "platform/vm/text_line.h"

namespace litebox::vm {

namespace {

using Kind = upcall::Fault::Kind;

enum Exception : u64 {
    divide_error = 0,
    debug = 1,
    breakpoint = 3,
    overflow = 4,
    invalid_opcode = 6,
    page_fault = 14,
    floating_point = 16,
    alignment_check = 17,
    vector_floating_point = 19,
    first_interrupt = 32,
};

constexpr u64 error_present = 1, error_write = 2, error_user = 4, error_fetch = 16;
constexpr u64 lower_half_end = u64{1} << 47;

u64 fault_address() {
    u64 address;
    asm volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

Access access_of(u64 error) {
    if ((error & error_fetch) != 0) return Access::execute;
    return (error & error_write) != 0 ? Access::write : Access::read;
}

/// The vsyscall page of old: calls at three addresses, which return to whoever called.
bool answer_vsyscall(arch::RegisterFrame& frame) {
    constexpr u64 page = 0xffffffffff600000, slot = 1024;
    constexpr u64 numbers[] = {96, 201, 309};  // gettimeofday, time, getcpu
    if (frame.rip < page || (frame.rip - page) % slot != 0 || (frame.rip - page) / slot > 2) return false;
    u64 back = 0;
    if (platform::copy_in(&back, frame.rsp, sizeof(back)) != sizeof(back)) return false;
    frame.rax = numbers[(frame.rip - page) / slot];
    frame.rip = back;
    frame.rsp += sizeof(back);
    upcall::system_call(frame);
    return true;
}

upcall::Fault general_fault() {
    upcall::Fault fault{};
    fault.kind = Kind::general;
    return fault;
}

void guest_page_fault(arch::RegisterFrame& frame, u64 address, u64 error) {
    // The emulator reads the stack of a far return as the kernel would, which SMAP forbids: no page helps
    // there.
    if ((error & (error_present | error_user)) == error_present) return upcall::fault(frame, general_fault());
    platform::Space& space = *this_block().space;
    Access access = access_of(error);
    if (address < lower_half_end) {
        auto brought = bring_page(space, address, access);
        if (access == Access::write) limit_changed_pages();
        if (brought.ok()) return;
        if (brought.error() == Errno::enomem) return upcall::out_of_memory(frame);
    }
    if (access == Access::execute && answer_vsyscall(frame)) return;
    upcall::Fault fault{};
    fault.kind = (error & error_present) != 0 ? Kind::protection : Kind::page;
    fault.write = access == Access::write;
    fault.execute = access == Access::execute;
    fault.address = address;
    fault.trap = page_fault;
    if (address >= lower_half_end) fault.kind = Kind::protection;
    upcall::fault(frame, fault);
}

constexpr u32 integer_divide = 1, float_divide = 3, float_overflow = 4, float_underflow = 5,
              float_inexact = 6, float_invalid = 7;

/// si_code of a floating-point exception: the first unmasked one, in the order in which Linux looks.
u32 floating_point_code(u64 raised) {
    if ((raised & 1) != 0) return float_invalid;
    if ((raised & 4) != 0) return float_divide;
    if ((raised & 8) != 0) return float_overflow;
    if ((raised & 0x12) != 0) return float_underflow;
    return (raised & 0x20) != 0 ? float_inexact : 0;
}

u64 raised_by_x87() {
    u16 control, status;
    asm volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
    return status & ~u64{control} & 0x3f;
}

u64 raised_by_vectors() {
    u32 control;
    asm volatile("stmxcsr %0" : "=m"(control));
    return control & ~(control >> 7) & 0x3f;
}

upcall::Fault describe(u64 vector, const arch::RegisterFrame& frame) {
    upcall::Fault fault{};
    fault.trap = static_cast<u32>(vector);
    fault.address = 0;
    switch (vector) {
        case divide_error:
            fault.kind = Kind::divide;
            fault.host_code = integer_divide;
            break;
        case debug:
            fault.kind = Kind::single_step;
            fault.address = frame.rip;
            break;
        case breakpoint:
            fault.kind = Kind::breakpoint;
            break;
        case invalid_opcode:
            fault.kind = Kind::invalid_opcode;
            break;
        case floating_point:
            fault.kind = Kind::floating_point;
            fault.host_code = floating_point_code(raised_by_x87());
            break;
        case vector_floating_point:
            fault.kind = Kind::floating_point;
            fault.host_code = floating_point_code(raised_by_vectors());
            break;
        case alignment_check:
            fault.kind = Kind::alignment;
            break;
        default:
            fault.kind = Kind::general;
    }
    return fault;
}

/// Interrupts off.
void serve_interrupt(u64 vector) {
    if (vector == vector_timer) {
        timer_interrupt();
    } else if (vector == vector_reschedule) {
        reschedule_interrupt();
    } else if (vector == vector_shoot_down) {
        serve_shoot_down();
    } else if (vector >= vector_device_first && vector < vector_device_first + most_lines) {
        this_processor().device_interrupts.fetch_add(1, std::memory_order_relaxed);
        device_interrupt(static_cast<u32>(vector - vector_device_first));
    } else {
        return;  // spurious ones want no end
    }
    end_of_interrupt();
}

[[noreturn]] void stop_at_fault(const KernelFrame& frame, u64 address) {
    TextLine line;
    line.text("the kernel faulted: vector ").hex(frame.vector).text(", error ").hex(frame.error);
    line.text(", at image + ").hex(frame.rip - image_base()).text(", address ").hex(address);
    platform::panic(line.view());
}

void kernel_page_fault(KernelFrame& frame, u64 address) {
    constexpr u64 interrupt_flag = 0x200;
    // What was interrupted with interrupts on may be preempted again.
    if ((frame.rflags & interrupt_flag) != 0) asm volatile("sti" : : : "memory");
    bool good = false;
    if (address >= lower_half_end) {
        // A page that is there forbids what was done; one that is not there holds no code.
        bool missing = (frame.error & (error_present | error_fetch)) == 0;
        good = missing && resolve_kernel_fault(address, (frame.error & error_write) != 0);
    } else if (u64 target = user_copy_fix_up(frame.rip); target != 0) {
        platform::Space* space = this_block().space;
        good = space != nullptr &&
               resolve_fault(*space, address, access_of(frame.error)) == FaultAnswer::resolved;
        if (!good) frame.rip = target;
        good = true;
    }
    asm volatile("cli" : : : "memory");
    if (!good) stop_at_fault(frame, address);
}

}  // namespace

extern "C" void litebox_guest_trap(arch::RegisterFrame* frame, u64 vector, u64 error) {
    if (vector >= first_interrupt && vector != vector_legacy_call) {
        serve_interrupt(vector);
        return;
    }
    u64 address = vector == page_fault ? fault_address() : 0;
    asm volatile("sti" : : : "memory");
    if (vector == page_fault) {
        guest_page_fault(*frame, address, error);
    } else if (vector == vector_legacy_call) {
        frame->rax = static_cast<u64>(-static_cast<i64>(Errno::enosys));
    } else {
        upcall::fault(*frame, describe(vector, *frame));
    }
}

extern "C" void litebox_kernel_trap(KernelFrame* frame) {
    if (frame->vector >= first_interrupt) {
        serve_interrupt(frame->vector);
        preempt_if_due();
    } else if (frame->vector == page_fault) {
        kernel_page_fault(*frame, fault_address());
    } else if (u64 target = user_copy_fix_up(frame->rip); target != 0) {
        frame->rip = target;  // an address that is none, or not aligned
    } else {
        stop_at_fault(*frame, 0);
    }
}

/// Interrupts off.
extern "C" void litebox_pending(arch::RegisterFrame* frame) {
    PlatformBlock& block = this_block();
    preempt_if_due();
    if ((block.pending.fetch_and(~u32{pending_kick}, std::memory_order_relaxed) & pending_kick) == 0) return;
    asm volatile("sti" : : : "memory");
    upcall::interrupted(*frame);
}

/// The guest would go on at an address that is none.
extern "C" void litebox_no_address(arch::RegisterFrame* frame) {
    u64 address = frame->rip;
    constexpr u64 upper_half = 0xffff800000000000;
    frame->full_restore = 1;
    if (address >= upper_half) return guest_page_fault(*frame, address, error_user | error_fetch);
    upcall::fault(*frame, general_fault());
}

extern "C" [[noreturn]] void litebox_double_fault_stop(u64 rip, u64 stack) {
    TextLine line;
    line.text("a kernel stack overflowed, or the kernel faulted twice: at image + ");
    line.hex(rip - image_base()).text(", stack ").hex(stack);
    platform::panic(line.view());
}

}  // namespace litebox::vm
