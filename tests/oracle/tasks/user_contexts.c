// getcontext, makecontext, swapcontext, and siglongjmp out of handlers on the alternate stack, many times.
#include "oracle.h"

#include <setjmp.h>
#include <ucontext.h>
static ucontext_t main_context, coroutine;
static char stack[65536], alternate[65536];
static int value;
static sigjmp_buf back;
static void body(void) {
    for (int i = 0; i < 5; i++) {
        value = i * i;
        swapcontext(&coroutine, &main_context);
    }
}
static void on(int s) {
    (void)s;
    siglongjmp(back, 1);
}
int main(void) {
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = sizeof stack;
    coroutine.uc_link = &main_context;
    makecontext(&coroutine, body, 0);
    for (int i = 0; i < 5; i++) {
        swapcontext(&main_context, &coroutine);
        say("%d ", value);
    }
    swapcontext(&main_context, &coroutine);
    say("back\n");
    stack_t s = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&s, NULL);
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    volatile int jumps = 0;
    for (volatile int i = 0; i < 500; i++) {
        if (sigsetjmp(back, 1)) {
            jumps = jumps + 1;
            continue;
        }
        if (i % 2)
            raise(SIGUSR1);
        else
            *(volatile int*)8 = 1;
    }
    NUM(jumps);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    NUM(sigismember(&set, SIGUSR1));
    NUM(sigismember(&set, SIGSEGV));
    return 0;
}
