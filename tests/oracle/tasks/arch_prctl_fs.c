// arch_prctl: the FS base; addresses that are not the user's are refused; unknown codes.
#include "oracle.h"

#include <asm/prctl.h>
static long arch(int code, unsigned long address) {
    return syscall(SYS_arch_prctl, code, address);
}
static unsigned long block[4] = {11, 22, 33, 44};
static unsigned long other_value(unsigned long base, unsigned long new_base) {
    // Raw calls: while the base is another, nothing of libc may run.
    unsigned long value, result;
    __asm__ volatile(
        "mov $158, %%eax; mov $0x1002, %%edi; mov %[fresh], %%rsi; syscall; mov %%fs:8, %[value];"
        "mov $110, %%eax; syscall; add %%fs:16, %[value];"
        "mov $158, %%eax; mov $0x1002, %%edi; mov %[base], %%rsi; syscall"
        : [value] "=&r"(value), "=&a"(result)
        : [fresh] "r"(new_base), [base] "r"(base)
        : "rdi", "rsi", "rcx", "r11", "memory");
    return value;
}
int main(void) {
    unsigned long base = 0;
    OK(arch(ARCH_GET_FS, (unsigned long)&base));
    YES(base == (unsigned long)__builtin_thread_pointer());
    OK(arch(ARCH_SET_FS, base));
    NUM(other_value(base, (unsigned long)block));
    RUNS("forked", OK(arch(ARCH_GET_FS, (unsigned long)&base));
         YES(base == (unsigned long)__builtin_thread_pointer()));
    OK(arch(ARCH_SET_FS, 0xffff800000000000ul));
    OK(arch(ARCH_SET_GS, 0xffff800000000000ul));
    OK(arch(ARCH_GET_FS, 8));
    OK(arch(0x7777, 0));
    return 0;
}
