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

    .section .note.GNU-stack,"",@progbits
