// The door between ring 3 and the kernel: system calls, exceptions, interrupts, the way out, and the switch between kernel
// stacks. In the kernel %gs is the current thread's block; in ring 3 it is the program's own, swapped at the door.
//
// Interrupts are off from the door to the handler's call and from the last look at `pending` to the guest.

#include "platform/vm/layout.h"

.macro entry_point name
    .globl \name
    .hidden \name
    .type \name, @function
    .balign 16
\name:
.endm

    .section .text.litebox_entry, "ax", @progbits

// rcx = where to go on, r11 = flags, rsp the guest's.
entry_point litebox_syscall_entry
    swapgs
    mov %rsp, %gs:BLOCK_SCRATCH
    mov %gs:BLOCK_CORE_STACK, %rsp
    pushq $0 // full_restore
    pushq %gs:BLOCK_SCRATCH
    push %r11
    push %rcx
    push %rax // orig_rax
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    xor %ebp, %ebp
    sti
    mov %rsp, %rdi
    call _ZN7litebox6upcall11system_callERNS_4arch13RegisterFrameE // upcall::system_call
    // fall through

// rsp = the frame.
entry_point litebox_exit
    cli
    cmpl $0, %gs:BLOCK_PENDING
    jne exit_pending
    mov FRAME_RIP(%rsp), %rcx
    // Beyond the lower half sysret would fault with the guest's stack in ring 0, and iretq in ours.
    mov %rcx, %rax
    shr $47, %rax
    jnz exit_no_address
    cmpq $0, FRAME_FULL_RESTORE(%rsp)
    jne exit_full
    mov FRAME_RFLAGS(%rsp), %r11
    and $0x254dd5, %r11
    or $CLEAN_FLAGS, %r11
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    add $8, %rsp // r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    add $8, %rsp // rcx
    pop %rdx
    pop %rsi
    pop %rdi
    mov 24(%rsp), %rsp // behind orig_rax, rip, flags
    swapgs
    sysretq

exit_full:
    // iretq's five words go right below the frame.
    mov FRAME_RFLAGS(%rsp), %rax
    and $0x254dd5, %rax
    or $CLEAN_FLAGS, %rax
    lea -40(%rsp), %rdx
    mov %rcx, 0(%rdx)
    movq $USER_CODE, 8(%rdx)
    mov %rax, 16(%rdx)
    mov FRAME_RSP(%rsp), %rax
    mov %rax, 24(%rdx)
    movq $USER_DATA, 32(%rdx)
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
    mov 80(%rsp), %rax
    mov 88(%rsp), %rcx
    mov 96(%rsp), %rdx
    mov 104(%rsp), %rsi
    mov 112(%rsp), %rdi
    sub $40, %rsp
    swapgs
    iretq

exit_pending:
    mov %rsp, %rdi
    call litebox_pending // interrupts off; may turn them on meanwhile
    jmp litebox_exit
exit_no_address:
    sti
    mov %rsp, %rdi
    call litebox_no_address
    jmp litebox_exit

// Every vector comes here with its number and an error code (0 where the processor gives none) on top of what the
// processor pushed: rip, cs, rflags, rsp, ss.
entry_point litebox_trap_entry
    cld
    clac // a user copy may have been interrupted, and the guest has a flag of its own
    testb $3, 24(%rsp)
    jz trap_in_kernel
    swapgs
    mov %rax, %gs:BLOCK_SCRATCH
    mov %gs:BLOCK_CORE_STACK, %rax
    sub $FRAME_SIZE, %rax
    mov %r15, 0(%rax)
    mov %r14, 8(%rax)
    mov %r13, 16(%rax)
    mov %r12, 24(%rax)
    mov %rbp, 32(%rax)
    mov %rbx, 40(%rax)
    mov %r11, 48(%rax)
    mov %r10, 56(%rax)
    mov %r9, 64(%rax)
    mov %r8, 72(%rax)
    mov %rcx, 88(%rax)
    mov %rdx, 96(%rax)
    mov %rsi, 104(%rax)
    mov %rdi, 112(%rax)
    mov %gs:BLOCK_SCRATCH, %rcx
    mov %rcx, FRAME_RAX(%rax)
    movq $-1, 120(%rax)
    mov 16(%rsp), %rcx
    mov %rcx, FRAME_RIP(%rax)
    mov 32(%rsp), %rcx
    mov %rcx, FRAME_RFLAGS(%rax)
    mov 40(%rsp), %rcx
    mov %rcx, FRAME_RSP(%rax)
    movq $1, FRAME_FULL_RESTORE(%rax)
    mov 0(%rsp), %rsi // vector
    mov 8(%rsp), %rdx // error
    mov %rax, %rdi
    mov %rax, %rsp
    xor %ebp, %ebp
    call litebox_guest_trap
    jmp litebox_exit

trap_in_kernel:
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call litebox_kernel_trap
    mov %rbp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

// Vectors 0 to 255, 16 bytes each.
    .globl litebox_vectors
    .hidden litebox_vectors
    .balign 16
litebox_vectors:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    jmp litebox_trap_entry
    .set vector, vector + 1
    .endr

// A non-maskable interrupt may come at the door, with the guest's %gs: nothing here wants one.
entry_point litebox_unmaskable
    iretq

// On a stack of its own: most likely a kernel stack ended in its guard page. The machine stops, so whose %gs it is matters only
// for the message.
entry_point litebox_double_fault
    rdgsbase %rax
    test %rax, %rax
    js 1f
    swapgs
1:  mov 8(%rsp), %rdi  // behind the error code: rip
    mov 32(%rsp), %rsi // rsp
    call litebox_double_fault_stop
    ud2

// void litebox_switch(u64* save_stack, u64 load_stack): to another thread's kernel stack. Interrupts off.
entry_point litebox_switch
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

// Where a new thread's first switch returns to: rbx = its function, r12 = its argument. When that returns, the thread goes to
// the guest.
entry_point litebox_thread_begin
    call litebox_finish_switch
    sti
    mov %r12, %rdi
    xor %ebp, %ebp
    call *%rbx
    mov %gs:BLOCK_CORE_STACK, %rsp
    sub $FRAME_SIZE, %rsp
    jmp litebox_exit

    .section .note.GNU-stack, "", @progbits
