// The guest's general registers at a system call, fault or interrupt. Entry assembly builds this frame at the
// top of the core stack; the offsets are checked below.
#pragma once

#include <cstddef>

#include "core/base/types.h"

namespace litebox::arch {

struct RegisterFrame {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 orig_rax;  // system-call number, ~0 for faults and interrupts
    u64 rip;       // after the system-call instruction
    u64 rflags;
    u64 rsp;
    /// Not zero: every register, rcx and r11 too, must be as the frame says when the guest resumes (signals,
    /// faults). Zero: a system call returns, which may clobber rcx and r11 as the instruction does.
    u64 full_restore;

    /// Arguments of the system call.
    [[nodiscard]] u64 argument(unsigned index) const {
        const u64 all[6] = {rdi, rsi, rdx, r10, r8, r9};
        return all[index];
    }
};
static_assert(sizeof(RegisterFrame) == 160 && offsetof(RegisterFrame, rax) == 80 &&
              offsetof(RegisterFrame, orig_rax) == 120 && offsetof(RegisterFrame, rip) == 128 &&
              offsetof(RegisterFrame, rsp) == 144);

/// Flags that a guest may set by itself: CF PF AF ZF SF TF DF OF NT AC ID.
inline constexpr u64 guest_flags = 0x254dd5;

}  // namespace litebox::arch
