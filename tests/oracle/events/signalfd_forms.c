// signalfd: reads siginfo of blocked signals, queued ones in order; masks change; errors.
#include "oracle.h"

#include <sys/signalfd.h>
int main(void) {
    sigset_t set;
    struct signalfd_siginfo info[4];
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = OK(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    NUM(fcntl(fd, F_GETFD));
    OK(read(fd, info, sizeof info));
    OK(read(fd, info, 10));
    struct pollfd p = {fd, POLLIN, 0};
    NUM(poll(&p, 1, 0));
    kill(getpid(), SIGUSR1);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 2});
    NUM(poll(&p, 1, 0));
    NUM(read(fd, info, sizeof info[0]) / (long)sizeof info[0]);
    say("%s code %d pid %d\n", signal_name(info[0].ssi_signo), info[0].ssi_code == SI_USER,
        (int)info[0].ssi_pid == getpid());
    NUM(read(fd, info, sizeof info) / (long)sizeof info[0]);
    for (int i = 0; i < 2; i++)
        say("%s code %d value %d uid %d\n", signal_name(info[i].ssi_signo), info[i].ssi_code == SI_QUEUE,
            info[i].ssi_int, info[i].ssi_uid == getuid());
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGCHLD);
    sigprocmask(SIG_BLOCK, &other, NULL);
    YES(signalfd(fd, &other, 0) == fd);
    kill(getpid(), SIGUSR1);
    OK(read(fd, info, sizeof info));
    pid_t c = CHILD(_exit(6));
    p.events = POLLIN;
    NUM(poll(&p, 1, 5000));
    NUM(read(fd, info, sizeof info) / (long)sizeof info[0]);
    say("%s status %d pid %d code %d\n", signal_name(info[0].ssi_signo), info[0].ssi_status,
        (pid_t)info[0].ssi_pid == c, info[0].ssi_code == CLD_EXITED);
    reap("child", c);
    OK(signalfd(-1, &set, 0x1000));
    OK(signalfd(99, &set, 0));
    OK(signalfd(0, &set, 0));
    OK(syscall(SYS_signalfd4, -1, &set, 4, 0));
    OK(syscall(SYS_signalfd4, -1, BAD, 8, 0));
    OK(write(fd, info, sizeof info));
    struct timespec zero = {0, 0};
    STR(signal_name(sigtimedwait(&set, NULL, &zero)));
    return 0;
}
