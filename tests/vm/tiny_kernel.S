// A kernel of few instructions that boots by its PVH note: says one byte on the serial line, and then stops the
// machine as the real one does (a triple fault), waits for ever, or goes on saying it.
    .section .note.pvh, "a"
    .long 4, 4, 18
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
    movw $0x3f8, %dx
    movb $'!', %al
    outb %al, %dx
#if defined(WAITS)
1:  hlt
    jmp 1b
#elif defined(FLOODS)
    jmp start
#else
    lidt nothing
    ud2
nothing:
    .fill 6
#endif
    .section .note.GNU-stack,"",@progbits
