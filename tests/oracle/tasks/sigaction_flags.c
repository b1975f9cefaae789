// sigaction: SA_RESETHAND, SA_NODEFER, sa_mask, and what is read back.
#include "oracle.h"

static int depth, raised;
static void nested(int s) {
    say("enter %d\n", ++depth);
    if (raised++ < 2) raise(s);
    say("leave %d\n", depth--);
}
static void once(int s) {
    say("once %s\n", signal_name(s));
}
static void masked(int s) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    say("%s: blocks USR1 %d USR2 %d TERM %d KILL %d\n", signal_name(s), sigismember(&set, SIGUSR1),
        sigismember(&set, SIGUSR2), sigismember(&set, SIGTERM), sigismember(&set, SIGKILL));
}
int main(void) {
    struct sigaction action = {.sa_handler = nested, .sa_flags = SA_NODEFER}, old;
    OK(sigaction(SIGUSR1, &action, NULL));
    raise(SIGUSR1);
    action.sa_flags = 0;
    raised = 0;
    OK(sigaction(SIGUSR1, &action, NULL));
    raise(SIGUSR1);
    action.sa_handler = once;
    action.sa_flags = SA_RESETHAND;
    OK(sigaction(SIGUSR1, &action, NULL));
    raise(SIGUSR1);
    OK(sigaction(SIGUSR1, NULL, &old));
    YES(old.sa_handler == SIG_DFL);
    RUNS("second time", raise(SIGUSR1));
    action.sa_handler = masked;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaddset(&action.sa_mask, SIGKILL);
    OK(sigaction(SIGUSR1, &action, NULL));
    OK(sigaction(SIGUSR1, NULL, &old));
    YES(old.sa_handler == masked && (old.sa_flags & SA_RESTART) && (old.sa_flags & SA_ONSTACK));
    NUM(sigismember(&old.sa_mask, SIGUSR2));
    NUM(sigismember(&old.sa_mask, SIGKILL));
    raise(SIGUSR1);
    masked(SIGTERM);
    return 0;
}
