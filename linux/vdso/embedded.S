// The vDSO's image inside the library OS's read-only data.
    .section .rodata
    .balign 8
    .globl litebox_vdso_image
    .globl litebox_vdso_image_end
litebox_vdso_image:
    .incbin VDSO_IMAGE
litebox_vdso_image_end:
    .section .note.GNU-stack,"",@progbits
