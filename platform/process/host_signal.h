// The host's signal frame, as its rt_sigreturn reads it.
#pragma once

#include <cstddef>

#include "core/base/types.h"

namespace litebox::process {

struct HostSigInfo {
    i32 signal;
    i32 error;
    i32 code;
    i32 padding;
    u64 address;  // faults: what was touched; SIGSYS: after the instruction
    i32 call;     // SIGSYS
    u32 architecture;
    u8 rest[96];
};
static_assert(sizeof(HostSigInfo) == 128);

struct HostContext {
    u64 flags;
    u64 link;
    u64 stack_base;
    i32 stack_flags;
    i32 stack_padding;
    u64 stack_size;
    u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    u16 cs, gs, fs, ss;
    u64 error, trap, old_mask, cr2;
    u64 vector_state;
    u64 reserved[8];
    u64 mask;
};
static_assert(offsetof(HostContext, rip) == 168 && offsetof(HostContext, mask) == 296);

struct HostSignalFrame {
    u64 restorer;
    HostContext context;
    HostSigInfo info;
};

inline constexpr u16 user_code_selector = 0x33;
inline constexpr u64 clean_flags = 0x202;
inline constexpr u64 trap_flag = 0x100;

enum HostSignal : int {
    host_sigill = 4,
    host_sigtrap = 5,
    host_sigbus = 7,
    host_sigfpe = 8,
    host_sigsegv = 11,
    host_sigsys = 31,
};
/// With which threads are kicked: the one signal that the filter lets tgkill send.
inline constexpr int kick_signal = 10;

}  // namespace litebox::process
