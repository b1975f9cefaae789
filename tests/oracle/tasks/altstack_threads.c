// The alternate stack belongs to a thread: a new one has none; vfork and fork children keep it.
#include "oracle.h"

static char memory[65536];
static void* thread(void* arg) {
    stack_t stack;
    sigaltstack(NULL, &stack);
    YES(stack.ss_flags == SS_DISABLE);
    return arg;
}
int main(void) {
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    sigaltstack(&stack, NULL);
    pthread_t t;
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    RUNS("forked", sigaltstack(NULL, &stack); YES(stack.ss_flags == 0 && stack.ss_sp == memory));
    return 0;
}
