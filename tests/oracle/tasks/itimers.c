// setitimer: the three clocks, intervals, reading back, disarming; the errors.
#include "oracle.h"

static volatile sig_atomic_t hits;
static void on(int s) {
    (void)s;
    hits = hits + 1;
}
static void burn_until(int wanted) {
    while (hits < wanted)
        for (volatile int i = 0; i < 10000; i++) {
        }
}
static void try_one(int which, int s) {
    hits = 0;
    signal(s, on);
    struct itimerval timer = {{0, 10000}, {0, 10000}}, old;
    NUM(setitimer(which, &timer, NULL));
    burn_until(3);
    NUM(getitimer(which, &old));
    YES(old.it_interval.tv_sec == 0 && old.it_interval.tv_usec >= 10000 && old.it_interval.tv_usec <= 12000);
    timer = (struct itimerval){{0, 0}, {0, 0}};
    NUM(setitimer(which, &timer, &old));
    NUM(getitimer(which, &old));
    YES(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
}
int main(void) {
    struct itimerval timer = {{0, 0}, {3, 500000}}, old;
    try_one(ITIMER_VIRTUAL, SIGVTALRM);
    try_one(ITIMER_PROF, SIGPROF);
    try_one(ITIMER_REAL, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    OK(setitimer((enum __itimer_which)5, &timer, NULL));
    OK(getitimer((enum __itimer_which)5, &old));
    OK(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL));
    OK(syscall(SYS_getitimer, ITIMER_REAL, BAD));
    timer.it_value.tv_usec = 1000000;
    OK(setitimer(ITIMER_REAL, &timer, NULL));
    timer.it_value.tv_usec = -1;
    OK(setitimer(ITIMER_REAL, &timer, NULL));
    timer.it_value.tv_usec = 500000;
    OK(setitimer(ITIMER_REAL, &timer, NULL));
    NUM(alarm(7));
    NUM(getitimer(ITIMER_REAL, &old));
    YES(old.it_value.tv_sec == 6 || old.it_value.tv_sec == 7);
    NUM(alarm(0));
    NUM(alarm(20));
    return 0;
}
