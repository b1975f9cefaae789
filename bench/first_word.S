// The first program of a machine that is started only to see how long that takes: its first instructions say so.
// Linux has to be told to stop the machine; LiteBox refuses that, and stops when the program ends.
#include <asm/unistd.h>

    .globl _start
_start:
    mov $__NR_write, %eax
    mov $1, %edi
    lea words(%rip), %rsi
    mov $words_end - words, %edx
    syscall
    mov $__NR_reboot, %eax
    mov $0xfee1dead, %edi
    mov $0x28121969, %esi
    mov $0x01234567, %edx
    syscall
    mov $__NR_exit_group, %eax
    xor %edi, %edi
    syscall
words:
    .ascii "first\nlast\n"
words_end:
    .section .note.GNU-stack,"",@progbits
