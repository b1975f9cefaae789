#include SANDBOX_SYMBOLS
// The sandbox image inside the supervisor's read-only data.
    .section .rodata
    .balign 4096
    .globl litebox_embedded_image
    .globl litebox_embedded_image_end
litebox_embedded_image:
    .incbin SANDBOX_IMAGE
litebox_embedded_image_end:
    .balign 8
    .globl litebox_gate_offset
litebox_gate_offset:
    .quad GATE_OFFSET
    .section .note.GNU-stack,"",@progbits
