// RLIMIT_STACK: the stack grows up to the limit and faults beyond it.
#include "oracle.h"

static int deep(int levels) {
    volatile char page[4096];
    page[0] = levels;
    return levels ? deep(levels - 1) + page[0] * 0 : 0;
}
static char other[65536] __attribute__((aligned(16)));
static void on(int s, siginfo_t* info, void* c) {
    (void)c;
    say("%s %s\n", signal_name(s),
        info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR ? "fault" : "other");
    _exit(1);
}
int main(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 4 << 20;
    OK(setrlimit(RLIMIT_STACK, &limit));
    RUNS("within", NUM(deep(700)));
    RUNS("beyond", {
        stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
        sigaltstack(&stack, NULL);
        struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigaction(SIGSEGV, &action, NULL);
        NUM(deep(5000));
    });
    RUNS("beyond without another stack", NUM(deep(5000)));
    limit.rlim_cur = 8 << 20;
    setrlimit(RLIMIT_STACK, &limit);
    RUNS("raised at run time", NUM(deep(1500)));
    return 0;
}
