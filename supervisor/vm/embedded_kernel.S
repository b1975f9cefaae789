// The VM platform's kernel inside the supervisor's read-only data, on pages of its own: touched only when it is
// used.
    .section .rodata
    .balign 4096
    .globl litebox_embedded_kernel
    .globl litebox_embedded_kernel_end
litebox_embedded_kernel:
#ifdef VM_KERNEL
    .incbin VM_KERNEL
#endif
litebox_embedded_kernel_end:
    .section .note.GNU-stack,"",@progbits
