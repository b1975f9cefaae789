// sigaltstack: handlers with SA_ONSTACK run there; state as seen inside and outside; errors.
#include "oracle.h"

static char memory[65536] __attribute__((aligned(16)));
static int on_it(void) {
    char here;
    char* volatile p = &here;
    return p >= memory && p < memory + sizeof memory;
}
static void on(int s) {
    stack_t stack;
    sigaltstack(NULL, &stack);
    say("%s on it %d flags %s\n", signal_name(s), on_it(),
        stack.ss_flags == SS_ONSTACK   ? "SS_ONSTACK"
        : stack.ss_flags == SS_DISABLE ? "SS_DISABLE"
                                       : "0");
    if (stack.ss_flags == SS_ONSTACK) {
        stack.ss_flags = 0;
        OK(sigaltstack(&stack, NULL));
    }
    if (s == SIGUSR1) raise(SIGUSR2);
}
int main(void) {
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory}, old;
    OK(sigaltstack(NULL, &old));
    YES(old.ss_flags == SS_DISABLE);
    OK(sigaltstack(&stack, NULL));
    OK(sigaltstack(NULL, &old));
    YES(old.ss_flags == 0 && old.ss_sp == memory && old.ss_size == sizeof memory);
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    action.sa_flags = 0;
    sigaction(SIGTERM, &action, NULL);
    raise(SIGTERM);
    stack.ss_size = 100;
    OK(sigaltstack(&stack, NULL));
    stack.ss_size = sizeof memory;
    stack.ss_flags = 77;
    OK(sigaltstack(&stack, NULL));
    OK(sigaltstack(BAD, NULL));
    OK(sigaltstack(NULL, BAD));
    stack.ss_flags = SS_ONSTACK;
    OK(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE;
    OK(sigaltstack(&stack, NULL));
    sigaltstack(NULL, &old);
    YES(old.ss_flags == SS_DISABLE);
    raise(SIGUSR2);
    return 0;
}
