// The old calls that glibc no longer makes: fork, vfork, time, gettimeofday, getpgrp, alarm, pause, by
// number.
#include "oracle.h"

static void on(int s) {
    say("got %s\n", signal_name(s));
}
int main(void) {
    long p = syscall(SYS_fork);
    if (p == 0) _exit(5);
    reap("fork", p);
    time_t t = 0;
    long r = syscall(SYS_time, &t);
    YES(r == t && llabs(r - time(NULL)) <= 1);
    OK(syscall(SYS_time, NULL));
    OK(syscall(SYS_time, BAD));
    struct timeval tv = {0, 0};
    OK(syscall(SYS_gettimeofday, &tv, NULL));
    YES(tv.tv_sec >= t && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    OK(syscall(SYS_gettimeofday, NULL, NULL));
    OK(syscall(SYS_gettimeofday, BAD, NULL));
    YES(syscall(SYS_getpgrp) == getpgrp());
    YES(syscall(SYS_getpid) == getpid() && syscall(SYS_gettid) == gettid() &&
        syscall(SYS_getppid) == getppid());
    signal(SIGALRM, on);
    struct itimerval soon = {{0, 0}, {0, 5000}};
    syscall(SYS_setitimer, ITIMER_REAL, &soon, NULL);
    OK(syscall(SYS_pause));
    signal(SIGALRM, SIG_DFL);
    NUM(syscall(SYS_alarm, 100));
    NUM(syscall(SYS_alarm, 20));
    gid_t a, b, c;
    OK(syscall(SYS_getresgid, &a, &b, &c));
    YES(a == getgid() && b == getegid());
    OK(syscall(SYS_setregid, -1, -1));
    OK(syscall(SYS_getresgid, &a, BAD, &c));
    return 0;
}
