// A system call leaves every register but rax, rcx and r11, and an unknown number is ENOSYS.
#include "oracle.h"

int main(void) {
    OK(syscall(5000));
    OK(syscall(-1));
    OK(syscall(0x7fffffff));
    unsigned long r[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    unsigned long flags = 0, *block = r;
    __asm__ volatile(
        "push %%rbp; mov %[r], %%rbp; mov 0(%%rbp), %%rbx; mov 8(%%rbp), %%rdx; mov 16(%%rbp), %%rsi; mov "
        "24(%%rbp), %%rdi;"
        "mov 32(%%rbp), %%r8; mov 40(%%rbp), %%r9; mov 48(%%rbp), %%r10; mov 56(%%rbp), %%r12; mov "
        "64(%%rbp), %%r13;"
        "mov 72(%%rbp), %%r14; mov 80(%%rbp), %%r15; mov $110, %%eax; std; stc; syscall; pushfq; cld; pop "
        "%%rcx;"
        "mov %%rbx, 0(%%rbp); mov %%rdx, 8(%%rbp); mov %%rsi, 16(%%rbp); mov %%rdi, 24(%%rbp); mov %%r8, "
        "32(%%rbp);"
        "mov %%r9, 40(%%rbp); mov %%r10, 48(%%rbp); mov %%r12, 56(%%rbp); mov %%r13, 64(%%rbp); mov %%r14, "
        "72(%%rbp);"
        "mov %%r15, 80(%%rbp); pop %%rbp"
        : "=&c"(flags), [r] "+a"(block)
        :
        : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
    for (int i = 0; i < 11; i++) NUM(r[i]);
    HEX(flags & 0x401);
    return 0;
}
