// The first instructions: from what a PVH loader leaves (32-bit protected mode, paging off, ebx = start info; Xen's
// docs/misc/pvh.pandoc) to long mode with the first 4 GiB mapped one to one, then to boot/early.cpp. The image runs where it
// was loaded: addresses come from the instruction pointer.

#include "platform/vm/boot/load_address.h"

    .section .text.litebox_boot, "ax", @progbits
    .code32
    .globl litebox_pvh_start
    .hidden litebox_pvh_start
litebox_pvh_start:
    cli
    cld
    mov $LITEBOX_LOAD_ADDRESS, %ebp // where the loader put us
    lea (litebox_boot_stack_end - litebox_pvh_start)(%ebp), %esp
    cmpl $0x336ec578, (%ebx)
    jne halt32
    lea (litebox_boot_tables - litebox_pvh_start)(%ebp), %edi
    mov %edi, %esi
    // Level 4 -> level 3 -> four level 2 tables of 2 MiB pages.
    lea 0x1003(%edi), %eax
    mov %eax, (%edi)
    add $0x1000, %edi
    xor %ecx, %ecx
1:  lea 0x2003(%esi), %eax
    mov %ecx, %edx
    shl $12, %edx
    add %edx, %eax
    mov %eax, (%edi, %ecx, 8)
    inc %ecx
    cmp $4, %ecx
    jne 1b
    lea 0x2000(%esi), %edi
    mov $0x83, %eax
    xor %ecx, %ecx
2:  mov %eax, (%edi, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jne 2b
    mov %esi, %cr3
    mov %cr4, %eax
    or $0x20, %eax // PAE
    mov %eax, %cr4
    mov $0xc0000080, %ecx // EFER: SCE, LME, NXE
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010033, %eax // PG, WP, NE, ET, MP, PE
    mov %eax, %cr0
    lea (boot_descriptors - litebox_pvh_start)(%ebp), %eax
    mov %eax, (boot_descriptors_pointer + 2 - litebox_pvh_start)(%ebp)
    lgdt (boot_descriptors_pointer - litebox_pvh_start)(%ebp)
    lea (start64 - litebox_pvh_start)(%ebp), %eax
    push $0x10
    push %eax
    lret
halt32:
    hlt
    jmp halt32

    .code64
start64:
    mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov %ebx, %edi // start info, zero-extended
    lea litebox_boot_stack_end(%rip), %rsp
    xor %ebp, %ebp
    call litebox_early
    ud2

// [[noreturn]] void litebox_leap(u64 stack, u64 function, u64 first, u64 second): goes on elsewhere.
    .globl litebox_leap
    .hidden litebox_leap
litebox_leap:
    mov %rdi, %rsp
    mov %rsi, %rax
    mov %rdx, %rdi
    mov %rcx, %rsi
    xor %ebp, %ebp
    call *%rax
    ud2

    .section .data.litebox_boot, "aw", @progbits
    .balign 16
boot_descriptors:
    .quad 0
    .quad 0
    .quad 0x00af9b000000ffff // 0x10: code, 64 bits
    .quad 0x00cf93000000ffff // 0x18: data
boot_descriptors_pointer:
    .word 31
    .long 0, 0

    .section .bss.litebox_boot, "aw", @nobits
    .balign 4096
    .globl litebox_boot_tables
    .hidden litebox_boot_tables
litebox_boot_tables:
    .skip 6 * 4096
    .globl litebox_boot_stack_end
    .hidden litebox_boot_stack_end
    .skip 16384
litebox_boot_stack_end:
