// SIGSEGV: address and code for unmapped, read-only, no-execute and non-canonical memory.
#include "oracle.h"

#include <setjmp.h>
#include <ucontext.h>
static sigjmp_buf back;
static siginfo_t seen;
static long trap_number, error_code;
static void on(int s, siginfo_t* info, void* context) {
    (void)s;
    seen = *info;
    trap_number = ((ucontext_t*)context)->uc_mcontext.gregs[REG_TRAPNO];
    error_code = ((ucontext_t*)context)->uc_mcontext.gregs[REG_ERR];
    siglongjmp(back, 1);
}
static const char* code(void) {
    return seen.si_code == SEGV_MAPERR   ? "SEGV_MAPERR"
           : seen.si_code == SEGV_ACCERR ? "SEGV_ACCERR"
           : seen.si_code == SI_KERNEL   ? "SI_KERNEL"
                                         : "other";
}
#define FAULT(what, address, ...)                                                                           \
    do {                                                                                                    \
        char* volatile a = (char*)(address);                                                                \
        if (sigsetjmp(back, 1) == 0) {                                                                      \
            __VA_ARGS__;                                                                                    \
            say("%s: no fault\n", what);                                                                    \
        } else                                                                                              \
            say("%s: %s %s address %s trap %ld error bits %lx\n", what, signal_name(seen.si_signo), code(), \
                seen.si_addr == a      ? "right"                                                            \
                : seen.si_addr == NULL ? "null"                                                             \
                                       : "wrong",                                                           \
                trap_number, error_code & 6);                                                               \
    } while (0)
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    char* page = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 8192, 4096);
    mprotect(page, 4096, PROT_READ);
    page[4096] = 1;
    volatile char sink;
    FAULT("read of unmapped", page + 8192 + 5, sink = *a);
    FAULT("write to unmapped", page + 8192 + 6, *a = 1);
    FAULT("read of null", NULL, sink = *a);
    FAULT("write to read-only", page + 100, *a = 1);
    FAULT("jump to no-execute", page + 200, ((void (*)(void))a)());
    FAULT("jump to unmapped", page + 8192, ((void (*)(void))a)());
    FAULT("non-canonical", 0x8000000000000000ul, sink = *a);
    FAULT("across the end", page + 8192, sink = *(volatile long*)(a - 2) != 0);
    mprotect(page, 4096, PROT_NONE);
    FAULT("read of no access", page + 9, sink = *a);
    FAULT("privileged instruction", 0, __asm__ volatile("hlt"));
    FAULT("kernel half", 0xffffffffff000000ul, sink = *a);
    (void)sink;
    return 0;
}
