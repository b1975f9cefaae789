// ppoll with a mask: a signal sent before or during the wait always ends it; none is lost.
#include "oracle.h"

static volatile sig_atomic_t count;
static void on(int s) {
    (void)s;
    count = count + 1;
}
int main(void) {
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, on);
    pid_t parent = getpid();
    struct gate turn = gate_new();
    pid_t p = CHILD(for (int i = 0; i < 200; i++) {
        gate_wait(&turn);
        kill(parent, SIGUSR1);
    });
    int interrupted = 0;
    for (int i = 0; i < 200; i++) {
        gate_pass(&turn);
        struct timespec five = {5, 0};
        interrupted += ppoll(NULL, 0, &five, &none) == -1 && errno == EINTR;
    }
    NUM(interrupted);
    NUM(count);
    reap("child", p);
    return 0;
}
