// How an application processor comes up: from real mode, in a page below 1 MiB that a copy of this lies in, to long mode and the
// kernel. The boot processor fills in what lies at the end. cs:ip = page:0.

#include "platform/vm/layout.h"

    .section .rodata.litebox_trampoline, "a", @progbits
    .globl litebox_trampoline, litebox_trampoline_end, litebox_trampoline_data
    .hidden litebox_trampoline, litebox_trampoline_end, litebox_trampoline_data
    .balign 16
    .code16
litebox_trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    movzwl %ax, %ebp
    shl $4, %ebp // where we lie
    lea (descriptors - litebox_trampoline)(%ebp), %eax
    mov %eax, (pointer + 2 - litebox_trampoline)
    lgdtl (pointer - litebox_trampoline)
    lea (start32 - litebox_trampoline)(%ebp), %eax
    mov %eax, (far32 - litebox_trampoline)
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl *(far32 - litebox_trampoline)
    .code32
start32:
    mov $0x20, %eax
    mov %eax, %ds
    mov %eax, %ss
    mov %cr4, %eax
    or $0x20, %eax
    mov %eax, %cr4
    mov (litebox_trampoline_data - litebox_trampoline)(%ebp), %eax // temporary tables
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010033, %eax
    mov %eax, %cr0
    lea (start64ap - litebox_trampoline)(%ebp), %eax
    mov %eax, (far64 - litebox_trampoline)(%ebp)
    ljmp *(far64 - litebox_trampoline)(%ebp)
    .code64
start64ap:
    mov $KERNEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %ebp, %ebp
    // Each takes a number, and with it a stack.
    mov $1, %eax
    lock xadd %eax, (litebox_trampoline_data + 32 - litebox_trampoline)(%rbp)
    cmp (litebox_trampoline_data + 36 - litebox_trampoline)(%rbp), %eax
    jae 1f
    mov (litebox_trampoline_data + 16 - litebox_trampoline)(%rbp), %rdx
    mov (%rdx, %rax, 8), %rsp
    mov %eax, %edi
    mov (litebox_trampoline_data + 24 - litebox_trampoline)(%rbp), %rsi
    mov (litebox_trampoline_data + 8 - litebox_trampoline)(%rbp), %rax
    xor %ebp, %ebp
    call *%rax
1:  cli
    hlt
    jmp 1b
    .balign 8
descriptors:
    .quad 0
    .quad 0
    .quad 0x00af9b000000ffff // 0x10: code, 64 bits
    .quad 0x00cf93000000ffff // 0x18: data
    .quad 0x00cf93000000ffff // 0x20: data
    .quad 0x00cf9b000000ffff // 0x28: code, 32 bits
pointer:
    .word 47
    .long 0
far32:
    .long 0
    .word 0x28
far64:
    .long 0
    .word KERNEL_CODE
    .balign 8
// struct TrampolineData in cpu/processors.cpp
litebox_trampoline_data:
    .quad 0 // page tables that map this page one to one, and the kernel
    .quad 0 // function; its first argument is the number taken
    .quad 0 // array of stacks, by number
    .quad 0 // its second argument
    .long 0 // next number
    .long 0 // numbers there are
litebox_trampoline_end:
    .section .note.GNU-stack, "", @progbits
