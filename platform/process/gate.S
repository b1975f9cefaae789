// The gate: the one system-call instruction that the host's filter lets through. Everything that the sandbox asks of
// its host goes over it: `call litebox_gate` with number and arguments as the kernel takes them.

    .section .text.litebox_gate, "ax", @progbits
    .globl litebox_gate
    .hidden litebox_gate
    .type litebox_gate, @function
    .balign 16
litebox_gate:
    syscall
    ret

// sa_restorer of every handler.
    .globl litebox_restorer
    .hidden litebox_restorer
    .type litebox_restorer, @function
litebox_restorer:
    mov $15, %eax
    jmp litebox_gate

    .section .note.GNU-stack, "", @progbits
