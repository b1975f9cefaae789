// clone: a child whose exit signal is not SIGCHLD is waited for only with __WCLONE or __WALL.
#include "oracle.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile sig_atomic_t got;
static void on(int s) {
    got = s;
}
static int child(void* arg) {
    (void)arg;
    return 9;
}
int main(void) {
    int status = 0;
    signal(SIGUSR1, on);
    pid_t p = clone(child, stack + sizeof stack, SIGUSR1, NULL);
    while (!got) sleep_ms(1);
    STR(signal_name(got));
    OK(waitpid(p, &status, 0));
    OK(waitpid(-1, &status, 0));
    YES(waitpid(p, &status, __WCLONE) == p);
    STR(status_text(status));
    p = clone(child, stack + sizeof stack, 0, NULL);
    YES(waitpid(p, &status, __WALL) == p);
    STR(status_text(status));
    p = fork();
    if (p == 0) _exit(1);
    OK(waitpid(p, &status, __WCLONE));
    reap("forked", p);
    return 0;
}
