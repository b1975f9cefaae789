// Layouts of signal handling on x86-64: siginfo_t, sigaction, ucontext (asm-generic/siginfo.h,
// asm/sigcontext.h, asm/ucontext.h).
#pragma once

#include "core/task/signal.h"

namespace litebox {

struct AbiSigaction {
    u64 handler, flags, restorer, mask;
};

struct AbiStack {
    u64 base;
    u32 flags, padding;
    u64 size;
};
static_assert(sizeof(AbiStack) == 24);

struct AbiSiginfo {
    i32 signal, error, code, padding;
    u8 fields[112];
};
static_assert(sizeof(AbiSiginfo) == 128);

AbiSiginfo to_abi(const SignalInfo& info);
SignalInfo from_abi(const AbiSiginfo& abi);

struct AbiSigcontext {
    u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    u16 cs, gs, fs, ss;
    u64 error, trap_number, old_mask, cr2, fpstate, reserved[8];
};
static_assert(sizeof(AbiSigcontext) == 256);

struct AbiSignalFrame {
    u64 return_address;
    u64 uc_flags, uc_link;
    AbiStack stack;
    AbiSigcontext context;
    u64 mask;
    AbiSiginfo info;
};
static_assert(sizeof(AbiSignalFrame) == 8 + 16 + 24 + 256 + 8 + 128);

inline constexpr u64 uc_fp_xstate = 1, uc_sigcontext_ss = 2, uc_strict_restore_ss = 4;
inline constexpr u32 ss_onstack = 1, ss_disable = 2, ss_autodisarm = 0x80000000;
inline constexpr u64 minimum_signal_stack = 2048;

}  // namespace litebox
