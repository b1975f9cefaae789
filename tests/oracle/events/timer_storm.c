// A fast interval timer against system calls of every kind: all restart or report EINTR, no data is lost.
#include "oracle.h"

static volatile sig_atomic_t ticks;
static void on(int s) {
    (void)s;
    ticks = ticks + 1;
}
int main(void) {
    int ends[2];
    pipe(ends);
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    pid_t p = CHILD({
        sigaction(SIGALRM, &action, NULL);
        alarm(0);
        struct itimerval own = {{0, 700}, {0, 700}};
        setitimer(ITIMER_REAL, &own, NULL);
        char block[3000];
        for (int i = 0; i < 200; i++) {
            memset(block, i, sizeof block);
            for (size_t at = 0; at < sizeof block;) {
                ssize_t n = write(ends[1], block + at, sizeof block - at);
                if (n > 0) at += n;
            }
        }
    });
    struct itimerval timer = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);
    close(ends[1]);
    long total = 0;
    long wrong = 0;
    long errors = 0;
    char block[1777];
    for (;;) {
        ssize_t n = read(ends[0], block, sizeof block);
        if (n == 0) break;
        if (n < 0) {
            errors++;
            continue;
        }
        for (ssize_t i = 0; i < n; i++) wrong += block[i] != (char)((total + i) / 3000);
        total += n;
    }
    while (ticks < 20) getppid();
    timer = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
    signal(SIGALRM, SIG_DFL);
    alarm(20);
    NUM(total);
    NUM(wrong);
    NUM(errors);
    reap("writer", p);
    return 0;
}
