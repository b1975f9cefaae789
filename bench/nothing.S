// A program of three instructions, for what a start takes until the first of them.
    .globl _start
_start:
    mov $231, %eax // exit_group
    xor %edi, %edi
    syscall
    .section .note.GNU-stack,"",@progbits
