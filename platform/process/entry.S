// The door between guest and core: patched entry, trap entry, exit, and the few stack games of clone and thread
// end. Only general registers are touched here, and %fs never.
//
// Patched entry: a trampoline comes with rcx = address to resume at, rax = number, and the stack pointer the
// guest's own, which is not written to. rcx and r11 are free, as with the instruction that was replaced.

#include "platform/process/layout.h"

.macro entry_point name
    .globl \name
    .hidden \name
    .type \name, @function
    .balign 16
\name:
.endm

    .section .text.litebox_entry, "ax", @progbits

entry_point litebox_entry
    // A guest that changed %gs faults here, before anything is lost; the handler repairs %gs and repeats.
    mov %rsp, %gs:(BLOCK_FRAME + FRAME_RSP)
    mov %gs:BLOCK_CORE_STACK, %rsp
    .globl litebox_entry_switched
    .hidden litebox_entry_switched
litebox_entry_switched:
    pushfq
    push %rcx // rip
    push %rax // orig_rax
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push 80(%rsp) // r11 holds the flags, as after the instruction
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    // %gs may point at memory of the guest's that happens to be there: then this is no stack of ours. Or at a block that
    // is ours but no guest thread's: of a thread that ended, or of a host thread that waits for one.
    mov %rsp, %rax
    and $-LITEBOX_SLOT_SIZE, %rax
    add $LITEBOX_SLOT_BLOCK, %rax
    cmp %rax, %gs:BLOCK_SELF
    jne litebox_entry_lost
    cmpq $0, %gs:BLOCK_THREAD
    je litebox_entry_lost
    testl $FLAGS_UNUSUAL, FRAME_RFLAGS(%rsp)
    jnz 2f
1:  mov %rsp, %rdi
    call _ZN7litebox6upcall11system_callERNS_4arch13RegisterFrameE // upcall::system_call
    jmp litebox_exit
2:  pushq $0x202
    popfq
    jmp 1b

    // The handler of this SIGILL finds the block by its alternate stack, takes the frame from rsp, and goes on
    // at litebox_trap_resume.
    .globl litebox_entry_lost
    .hidden litebox_entry_lost
litebox_entry_lost:
    ud2
    .globl litebox_entry_end
    .hidden litebox_entry_end
litebox_entry_end:

// Where handlers send a thread that trapped in guest code: rsp = its frame, flags clean.
entry_point litebox_trap_resume
    mov %rsp, %rdi
    call litebox_trap
    // fall through

// rsp = the frame. Everything up to the last jump only reads the frame, so that a kick restarts it.
entry_point litebox_exit
    cmpl $0, %gs:BLOCK_KICKED
    jne exit_kicked
    mov FRAME_RFLAGS(%rsp), %rcx
    mov FRAME_RIP(%rsp), %rdx
    mov %rdx, %gs:BLOCK_RESUME
    mov 0(%rsp), %r15
    mov 8(%rsp), %r14
    mov 16(%rsp), %r13
    mov 24(%rsp), %r12
    mov 32(%rsp), %rbp
    mov 40(%rsp), %rbx
    mov 48(%rsp), %r11
    mov 56(%rsp), %r10
    mov 64(%rsp), %r9
    mov 72(%rsp), %r8
    mov 96(%rsp), %rdx
    mov 104(%rsp), %rsi
    mov 112(%rsp), %rdi
    test $FLAGS_UNUSUAL, %ecx
    jnz exit_flags
    // OF from bit 11 by an addition that overflows, the other five by sahf: a fifth of what popfq costs.
    mov %ecx, %eax
    shr $11, %eax
    and $1, %eax
    mov %cl, %ah
    add $0x7f, %al
    sahf
    mov 88(%rsp), %rcx
    mov FRAME_RAX(%rsp), %rax
    mov FRAME_RSP(%rsp), %rsp
    .globl litebox_exit_jump
    .hidden litebox_exit_jump
    .globl litebox_exit_jump_unusual
    .hidden litebox_exit_jump_unusual
litebox_exit_jump:
    jmp *%gs:BLOCK_RESUME
exit_flags:
    push %rcx // below the frame lies free core stack
    popfq
    mov 88(%rsp), %rcx
    mov FRAME_RAX(%rsp), %rax
    mov FRAME_RSP(%rsp), %rsp
litebox_exit_jump_unusual:
    jmp *%gs:BLOCK_RESUME
    .globl litebox_exit_end
    .hidden litebox_exit_end
litebox_exit_end:

exit_kicked:
    movl $0, %gs:BLOCK_KICKED
    mov %rsp, %rdi
    call litebox_kicked
    jmp litebox_exit

// All signals come here, on the alternate stack: rdi = signal, rsi = siginfo, rdx = context.
entry_point litebox_signal
    pushq $0x202 // the guest's AC and NT
    popfq
    mov %rsp, %rcx
    and $-LITEBOX_SLOT_SIZE, %rcx
    add $LITEBOX_SLOT_BLOCK, %rcx
    rdgsbase %r8
    cmp %r8, %rcx
    je 1f
    wrgsbase %rcx
1:  jmp litebox_handle_signal

// [[noreturn]] void litebox_run_thread(PlatformBlock* block, void (*function)(PlatformBlock*)): goes to the
// block's own stack, makes it current, calls, and leaves for the guest with the block's frame.
entry_point litebox_run_thread
    wrgsbase %rdi
    lea BLOCK_FRAME(%rdi), %rsp
    xor %ebp, %ebp
    call *%rsi
    jmp litebox_exit

// void litebox_load_context(HostContext* context): its frame's restorer word lies below, so rsp = context is what
// rt_sigreturn expects.
entry_point litebox_load_context
    mov %r12, 72(%rdi)
    mov %r13, 80(%rdi)
    mov %r14, 88(%rdi)
    mov %r15, 96(%rdi)
    mov %rbp, 120(%rdi)
    mov %rbx, 128(%rdi)
    mov (%rsp), %rax
    mov %rax, 168(%rdi)
    lea 8(%rsp), %rax
    mov %rax, 160(%rdi)
    mov %rdi, %rsp
    mov $15, %eax
    jmp litebox_gate

// i64 litebox_clone_thread(u64 flags, PlatformBlock* block): the child's `ret` from the gate finds its way on its
// own stack.
entry_point litebox_clone_thread
    lea litebox_new_thread(%rip), %rax
    lea (BLOCK_FRAME - 16)(%rsi), %rsi
    mov %rax, (%rsi)
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    mov $56, %eax
    jmp litebox_gate

entry_point litebox_new_thread
    mov %rsp, %rdi
    and $-LITEBOX_SLOT_SIZE, %rdi
    add $LITEBOX_SLOT_BLOCK, %rdi
1:  wrgsbase %rdi
    lea BLOCK_FRAME(%rdi), %rsp
    xor %ebp, %ebp
    call litebox_thread_started
    jmp litebox_exit

// i64 litebox_clone_process(u64 flags, PlatformBlock* block): parent and child come back on the same stack, which
// both share, so the only word that lies there is one that neither writes again.
entry_point litebox_clone_process
    push %r12
    push %r13
    mov %rsp, %r12
    mov %rsi, %r13
    lea 1f(%rip), %rax
    mov %rax, BLOCK_FORK_RETURN(%rsi)
    lea BLOCK_FORK_RETURN(%rsi), %rsp
    xor %esi, %esi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    mov $56, %eax
    jmp litebox_gate
1:  test %rax, %rax
    jz 2f
    mov %r12, %rsp
    pop %r13
    pop %r12
    ret
2:  mov %r13, %rdi
    wrgsbase %rdi
    lea BLOCK_FRAME(%rdi), %rsp
    xor %ebp, %ebp
    call litebox_thread_started
    jmp litebox_exit

// i64 litebox_futex_wait(word, operation, expected, deadline, unused, mask): a kick that lands in
// [litebox_wait_begin, litebox_wait_end), or at the gate before its instruction, makes this answer EINTR.
entry_point litebox_futex_wait
    mov %rcx, %r10
    .globl litebox_wait_begin
    .hidden litebox_wait_begin
litebox_wait_begin:
    cmpl $0, %gs:BLOCK_KICKED
    jne litebox_wait_interrupted
    mov $202, %eax
    jmp litebox_gate
    .globl litebox_wait_end
    .hidden litebox_wait_end
litebox_wait_end:
    .globl litebox_wait_interrupted
    .hidden litebox_wait_interrupted
litebox_wait_interrupted:
    mov $-4, %rax
    ret

// void litebox_end_thread(block, cleared, live, last). From the first store that frees something on, the stack is
// not used: the gate's `ret` reads return addresses from words that are never written again.
entry_point litebox_end_thread
    mov %rdi, %r12
    mov %rdx, %r13
    mov %rcx, %r14
    mov 48(%rdi), %r15 // SandboxState: the return words lie at its beginning
    test %rsi, %rsi
    jz 1f
    movl $1, (%rsi)
    mov %rsi, %rdi
    mov $1, %esi // FUTEX_WAKE
    mov $0x7fffffff, %edx
    lea STATE_RETURN_CLEARED(%r15), %rsp
    mov $202, %eax
    jmp litebox_gate
    .globl litebox_end_cleared
    .hidden litebox_end_cleared
litebox_end_cleared:
1:  test %r14, %r14
    jnz 3f
    movl $1, BLOCK_GONE(%r12)
    mov $-1, %eax
    lock xadd %eax, (%r13)
    cmp $2, %eax
    jne 2f
    mov %r13, %rdi // the last thread of the space may be waiting to be alone
    mov $1, %esi
    mov $1, %edx
    lea STATE_RETURN_LIVE(%r15), %rsp
    mov $202, %eax
    jmp litebox_gate
    .globl litebox_end_live
    .hidden litebox_end_live
litebox_end_live:
2:  xor %edi, %edi
    mov $60, %eax
    jmp litebox_gate
3:  movl $1, BLOCK_GONE(%r12)
    mov $LITEBOX_EXIT_COOKIE, %edi
    mov $231, %eax
    jmp litebox_gate

    .section .note.GNU-stack, "", @progbits
