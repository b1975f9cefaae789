// arch_prctl: the GS base, seen through the register and kept over calls and fork.
#include "oracle.h"

#include <asm/prctl.h>
static long arch(int code, unsigned long address) {
    return syscall(SYS_arch_prctl, code, address);
}
static unsigned long block[4] = {11, 22, 33, 44};
int main(void) {
    unsigned long gs = 1, value = 0;
    OK(arch(ARCH_GET_GS, (unsigned long)&gs));
    HEX(gs);
    long set = OK(arch(ARCH_SET_GS, (unsigned long)block));
    OK(arch(ARCH_GET_GS, (unsigned long)&gs));
    YES(gs == (unsigned long)block);
    if (set < 0) return 0;
    __asm__ volatile("mov %%gs:8, %0" : "=r"(value));
    NUM(value);
    sched_yield();
    getppid();
    __asm__ volatile("mov %%gs:24, %0" : "=r"(value));
    NUM(value);
    RUNS("forked", __asm__ volatile("mov %%gs:16, %0" : "=r"(value)); NUM(value));
    return 0;
}
