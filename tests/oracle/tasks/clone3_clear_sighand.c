// clone3 with CLONE_CLEAR_SIGHAND: handlers become the default in the child, ignored signals stay ignored.
#include <linux/sched.h>
#include "oracle.h"
static void on(int s) {
    (void)s;
}
int main(void) {
    struct sigaction action;
    signal(SIGUSR1, on);
    signal(SIGUSR2, SIG_IGN);
    struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    pid_t p = syscall(SYS_clone3, &args, sizeof args);
    if (p == 0) {
        sigaction(SIGUSR1, NULL, &action);
        YES(action.sa_handler == SIG_DFL);
        sigaction(SIGUSR2, NULL, &action);
        YES(action.sa_handler == SIG_IGN);
        _exit(0);
    }
    reap("child", p);
    sigaction(SIGUSR1, NULL, &action);
    YES(action.sa_handler == on);
    return 0;
}
