// Where the litebox command begins, ahead of the C library's own beginning: what takes the kernel long is
// started first (opener_child.cpp). The kernel's stack and %rdx are as they were when the library takes over.

    .text
    .globl litebox_entry
    .type litebox_entry, @function
litebox_entry:
    xor %ebp, %ebp
    mov %rdx, %r12
    mov %rsp, %rbx
    mov %rsp, %rdi
    and $-16, %rsp
    call litebox_start_early
    mov %rbx, %rsp
    mov %r12, %rdx
    jmp _start

    .section .note.GNU-stack,"",@progbits
