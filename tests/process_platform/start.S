    .section .text.start, "ax", @progbits
    .globl _start
_start:
    mov %rsp, %rdi
    and $-16, %rsp
    call bare_start
    ud2
    .section .note.GNU-stack, "", @progbits
