    .section .text.litebox_gate, "ax", @progbits
    .globl litebox_gate
    .hidden litebox_gate
    .balign 16
litebox_gate:
    syscall
    ret
    .globl litebox_restorer
    .hidden litebox_restorer
litebox_restorer:
    mov $15, %eax
    jmp litebox_gate

    .section .text.start, "ax", @progbits
    .globl _start
_start:
    mov %rsp, %rdi
    and $-16, %rsp
    call bare_start
    ud2
    .section .note.GNU-stack, "", @progbits
