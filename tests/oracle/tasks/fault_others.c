// SIGFPE, SIGILL, SIGTRAP, SIGBUS: codes, addresses and trap numbers.
#include "oracle.h"

#include <setjmp.h>
#include <ucontext.h>
static sigjmp_buf back;
static siginfo_t seen;
static long rip, trap_number;
static void on(int s, siginfo_t* info, void* context) {
    (void)s;
    seen = *info;
    rip = ((ucontext_t*)context)->uc_mcontext.gregs[REG_RIP];
    trap_number = ((ucontext_t*)context)->uc_mcontext.gregs[REG_TRAPNO];
    siglongjmp(back, 1);
}
#define FAULT(what, ...)                                                                                \
    do {                                                                                                \
        if (sigsetjmp(back, 1) == 0) {                                                                  \
            __VA_ARGS__;                                                                                \
            say("%s: no fault\n", what);                                                                \
        } else                                                                                          \
            say("%s: %s code %d address %s trap %ld\n", what, signal_name(seen.si_signo), seen.si_code, \
                (long)seen.si_addr == rip ? "of the instruction"                                        \
                : seen.si_addr            ? "other"                                                     \
                                          : "null",                                                                \
                trap_number);                                                                           \
    } while (0)
int main(void) {
    int list[] = {SIGFPE, SIGILL, SIGTRAP, SIGBUS, SIGSEGV};
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < COUNT(list); i++) sigaction(list[i], &action, NULL);
    volatile int zero = 0, result;
    volatile int least = INT_MIN, minus = -1;
    FAULT("division by zero", result = 5 / zero);
    FAULT("division overflow", result = least / minus);
    (void)result;
    FAULT("ud2", __asm__ volatile("ud2"));
    FAULT("int3", __asm__ volatile("int3"));
    FAULT("int1", __asm__ volatile(".byte 0xf1"));
    FAULT("int 3 in two bytes", __asm__ volatile(".byte 0xcd, 3"));
    FAULT("int 4", __asm__ volatile("int $4"));
    FAULT("int 0x99", __asm__ volatile("int $0x99"));
    FAULT("sse exception", {
        unsigned csr = 0x1f80 & ~0x200u;
        volatile float one = 1;
        volatile float none = 0;
        __asm__ volatile("ldmxcsr %0" : : "m"(csr));
        one = one / none;
    });
    FAULT("x87 exception", {
        unsigned short control = 0x37b;
        __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control));
    });
    return 0;
}
