// waitid: by pid, group, all and pidfd; WNOWAIT leaves the child; the siginfo says everything.
#include "oracle.h"

static void show(const siginfo_t* info, pid_t p) {
    YES(info->si_pid == p);
    YES(info->si_uid == getuid());
    YES(info->si_signo == SIGCHLD);
    say("status %d code %s\n", info->si_status,
        info->si_code == CLD_EXITED   ? "CLD_EXITED"
        : info->si_code == CLD_KILLED ? "CLD_KILLED"
        : info->si_code == CLD_DUMPED ? "CLD_DUMPED"
                                      : "other");
}
int main(void) {
    siginfo_t info = {0};
    pid_t p = CHILD(_exit(17));
    OK(waitid(P_PID, p, &info, WEXITED | WNOWAIT));
    show(&info, p);
    OK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
    show(&info, p);
    OK(waitid(P_PGID, getpgrp(), &info, WEXITED));
    show(&info, p);
    p = CHILD(raise(SIGTERM));
    OK(waitid(P_PGID, 0, &info, WEXITED));
    show(&info, p);
    p = CHILD({
        setpgid(0, 0);
        _exit(18);
    });
    OK(waitid(P_PID, p, &info, WEXITED | WNOWAIT));
    OK(waitid(P_PGID, p, &info, WEXITED));
    show(&info, p);
    p = CHILD(pause());
    memset(&info, 0x55, sizeof info);
    OK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
    NUM(info.si_pid);
    NUM(info.si_signo);
    kill(p, SIGKILL);
    struct rusage usage;
    memset(&usage, 0x55, sizeof usage);
    OK(syscall(SYS_waitid, P_PID, p, NULL, WEXITED, &usage));
    YES(usage.ru_utime.tv_sec == 0);
    return 0;
}
