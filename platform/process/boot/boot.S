// First instructions of the sandbox image, as the kernel starts it: an initial stack, nothing else.

    .text
    .globl litebox_start
    .hidden litebox_start
    .type litebox_start, @function
litebox_start:
    xor %ebp, %ebp
    and $-16, %rsp
    call litebox_boot
    ud2

// void litebox_enter_guest(StartBlock* block, u64 stack): leaves the kernel's initial stack for good.
    .globl litebox_enter_guest
    .hidden litebox_enter_guest
    .type litebox_enter_guest, @function
litebox_enter_guest:
    mov %rsi, %rsp
    xor %ebp, %ebp
    call litebox_boot_guest
    ud2

// i64 litebox_clone_opener(u64 flags, u64 stack, void (*run)(void*), void* argument): the child calls run(argument)
// on its stack, which never returns.
    .globl litebox_clone_opener
    .hidden litebox_clone_opener
    .type litebox_clone_opener, @function
litebox_clone_opener:
    mov %rdx, %r8
    mov %rcx, %r9
    xor %edx, %edx
    xor %r10d, %r10d
    mov $56, %eax
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  xor %ebp, %ebp
    mov %r9, %rdi
    call *%r8
    ud2

    .section .note.GNU-stack,"",@progbits
