// nanosleep and clock_nanosleep: they sleep long enough; the remainder; absolute deadlines; the errors.
#include "oracle.h"

static void on(int s) {
    (void)s;
}
int main(void) {
    struct timespec t = {0, 15000000}, left = {9, 9};
    long long start = now_ms();
    OK(nanosleep(&t, &left));
    YES(now_ms() - start >= 14);
    say("%ld %ld\n", (long)left.tv_sec, left.tv_nsec);
    t.tv_nsec = 1000000000;
    OK(nanosleep(&t, NULL));
    t.tv_nsec = -1;
    OK(nanosleep(&t, NULL));
    t = (struct timespec){-1, 0};
    OK(nanosleep(&t, NULL));
    OK(syscall(SYS_nanosleep, BAD, NULL));
    t = (struct timespec){0, 1};
    ERR(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
    ERR(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL));
    ERR(clock_nanosleep(77, 0, &t, NULL));
    t.tv_nsec = 1000000000;
    ERR(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    t = (struct timespec){1, 0};
    ERR(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 10000000;
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    ERR(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    YES(now.tv_sec > t.tv_sec || (now.tv_sec == t.tv_sec && now.tv_nsec >= t.tv_nsec));
    signal(SIGUSR1, on);
    pid_t parent = getpid();
    pid_t p = CHILD(sleep_ms(15); kill(parent, SIGUSR1));
    t.tv_sec += 5;
    left = (struct timespec){42, 42};
    ERR(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left));
    NUM(left.tv_sec);
    reap("child", p);
    return 0;
}
