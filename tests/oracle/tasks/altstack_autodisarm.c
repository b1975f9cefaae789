// SS_AUTODISARM: the stack is disarmed while a handler runs on it and restored afterwards.
#include "oracle.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
static char memory[65536] __attribute__((aligned(16)));
static char second[65536] __attribute__((aligned(16)));
static void on(int s) {
    stack_t stack;
    sigaltstack(NULL, &stack);
    say("%s disabled %d\n", signal_name(s), stack.ss_flags == SS_DISABLE);
    stack = (stack_t){.ss_sp = second, .ss_size = sizeof second};
    OK(sigaltstack(&stack, NULL));
}
int main(void) {
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory, .ss_flags = (int)SS_AUTODISARM};
    OK(sigaltstack(&stack, NULL));
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    OK(sigaltstack(NULL, &stack));
    YES(stack.ss_sp == memory);
    HEX((unsigned)stack.ss_flags);
    return 0;
}
