// sigtimedwait, sigwaitinfo, sigwait: which signal they take, EAGAIN, EINTR, EINVAL.
#include "oracle.h"

static void on(int s) {
    (void)s;
}
int main(void) {
    sigset_t set;
    siginfo_t info;
    struct timespec zero = {0, 0}, soon = {0, 10000000}, bad = {0, 1000000000}, long_time = {5, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    OK(sigtimedwait(&set, &info, &zero));
    OK(sigtimedwait(&set, &info, &soon));
    OK(sigtimedwait(&set, &info, &bad));
    OK(syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 4));
    OK(syscall(SYS_rt_sigtimedwait, BAD, &info, &zero, 8));
    OK(syscall(SYS_rt_sigtimedwait, &set, &info, BAD, 8));
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 2});
    raise(SIGUSR1);
    for (int i = 0; i < 3; i++) {
        int s = sigtimedwait(&set, &info, &zero);
        say("%s value %d\n", signal_name(s), info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
    }
    OK(sigtimedwait(&set, NULL, &zero));
    pid_t parent = getpid();
    pid_t p = CHILD({
        sleep_ms(10);
        kill(parent, SIGUSR1);
    });
    STR(signal_name(sigwaitinfo(&set, &info)));
    YES(info.si_pid == p && info.si_code == SI_USER);
    reap("child", p);
    signal(SIGUSR2, on);
    p = CHILD({
        sleep_ms(20);
        kill(parent, SIGUSR2);
    });
    OK(sigtimedwait(&set, &info, &long_time));
    reap("child", p);
    raise(SIGUSR1);
    int number;
    ERR(sigwait(&set, &number));
    STR(signal_name(number));
    return 0;
}
