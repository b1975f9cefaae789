// A fault whose signal is blocked or ignored kills; a single step arrives as TRAP_TRACE.
#include "oracle.h"

static volatile int steps;
static void on(int s, siginfo_t* info, void* c) {
    (void)s, (void)c;
    if (info->si_code == TRAP_TRACE) steps = steps + 1;
}
int main(void) {
    RUNS("blocked", {
        sigset_t set;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int*)8 = 1;
    });
    RUNS("ignored", signal(SIGSEGV, SIG_IGN); *(volatile int*)8 = 1);
    RUNS("default", *(volatile int*)8 = 1);
    RUNS("sent, ignored", signal(SIGSEGV, SIG_IGN); raise(SIGSEGV));
    RUNS("illegal", __asm__ volatile("ud2"));
    RUNS("breakpoint", __asm__ volatile("int3"));
    RUNS("division", {
        volatile int zero = 0;
        zero = 1 / zero;
    });
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; nop; pushfq; andq $~0x100, (%%rsp); popfq"
                     :
                     :
                     : "cc", "memory");
    YES(steps >= 4);
    return 0;
}
