// arch_prctl: the FS and GS bases; addresses that are not the user's are refused.
#include "oracle.h"

#include <asm/prctl.h>
static long arch(int code, unsigned long address) {
    return syscall(SYS_arch_prctl, code, address);
}
static unsigned long block[4] = {11, 22, 33, 44};
int main(void) {
    unsigned long base = 0, gs = 1;
    OK(arch(ARCH_GET_FS, (unsigned long)&base));
    YES(base == (unsigned long)__builtin_thread_pointer());
    OK(arch(ARCH_SET_FS, base));
    OK(arch(ARCH_GET_GS, (unsigned long)&gs));
    HEX(gs);
    OK(arch(ARCH_SET_GS, (unsigned long)block));
    OK(arch(ARCH_GET_GS, (unsigned long)&gs));
    YES(gs == (unsigned long)block);
    unsigned long value = 0;
    __asm__ volatile("mov %%gs:8, %0" : "=r"(value));
    NUM(value);
    sched_yield();
    getppid();
    __asm__ volatile("mov %%gs:24, %0" : "=r"(value));
    NUM(value);
    RUNS("forked", __asm__ volatile("mov %%gs:16, %0" : "=r"(value)); NUM(value));
    OK(arch(ARCH_SET_GS, 0xffff800000000000ul));
    OK(arch(ARCH_SET_FS, 0xffff800000000000ul));
    OK(arch(ARCH_GET_FS, 8));
    OK(arch(0x7777, 0));
    return 0;
}
