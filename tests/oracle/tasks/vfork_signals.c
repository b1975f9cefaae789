// While the parent is held by vfork its signals wait; the child's mask and handlers are its own.
#include "oracle.h"

static volatile sig_atomic_t got;
static void on(int s) {
    got = s;
}
int main(void) {
    signal(SIGUSR1, on);
    pid_t parent = getpid();
    volatile int seen_by_child = -1;
    pid_t p = vfork();
    if (p == 0) {
        kill(parent, SIGUSR1);
        signal(SIGUSR1, SIG_DFL);
        sleep_ms(20);
        seen_by_child = got;
        _exit(0);
    }
    STR(signal_name(got));
    NUM(seen_by_child);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    YES(action.sa_handler == on);
    reap("child", p);
    return 0;
}
