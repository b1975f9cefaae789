// fork: what the child inherits and what it does not (pending signals, alarms, timers, locks, CPU times).
#include "oracle.h"

static void on_usr1(int s) {
    say("handler %s\n", signal_name(s));
}
int main(void) {
    scratch();
    sigset_t set, got;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, on_usr1);
    signal(SIGUSR2, SIG_IGN);
    umask(027);
    int fd = MUST(open("lock", O_RDWR | O_CREAT, 0600));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    NUM(fcntl(fd, F_SETLK, &lock));
    raise(SIGUSR1);
    struct itimerval timer = {{0, 0}, {100, 0}};
    alarm(0);
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t p = fork();
    if (p == 0) {
        sigpending(&got);
        NUM(sigismember(&got, SIGUSR1));
        sigprocmask(SIG_BLOCK, NULL, &got);
        NUM(sigismember(&got, SIGUSR1));
        struct sigaction action;
        sigaction(SIGUSR2, NULL, &action);
        YES(action.sa_handler == SIG_IGN);
        sigaction(SIGUSR1, NULL, &action);
        YES(action.sa_handler == on_usr1);
        NUM(alarm(0));
        OCT(umask(0));
        lock.l_type = F_WRLCK;
        NUM(fcntl(fd, F_GETLK, &lock));
        YES(lock.l_type == F_WRLCK && lock.l_pid == getppid());
        struct rusage usage;
        getrusage(RUSAGE_CHILDREN, &usage);
        NUM(usage.ru_utime.tv_sec);
        _exit(0);
    }
    reap("child", p);
    alarm(10);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return 0;
}
