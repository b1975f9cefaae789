// Frames of traps, and what entry assembly calls.
#pragma once

#include "arch/x86_64/registers.h"
#include "core/base/types.h"

namespace litebox::vm {

/// What a trap in the kernel leaves on its stack.
struct KernelFrame {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

#pragma GCC visibility push(hidden)
extern "C" {
void litebox_guest_trap(arch::RegisterFrame* frame, u64 vector, u64 error);
void litebox_kernel_trap(KernelFrame* frame);
void litebox_pending(arch::RegisterFrame* frame);
void litebox_no_address(arch::RegisterFrame* frame);
[[noreturn]] void litebox_double_fault_stop(u64 rip, u64 stack);
}
#pragma GCC visibility pop

}  // namespace litebox::vm
