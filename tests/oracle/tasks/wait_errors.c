// wait4 and waitid: the errors.
#include "oracle.h"

int main(void) {
    int status;
    siginfo_t info;
    OK(waitpid(-1, &status, 0));
    OK(waitpid(getpid(), &status, 0));
    OK(waitpid(0, &status, 0));
    OK(waitpid(-1, &status, 0x100));
    OK(waitpid(INT_MIN, &status, 0));
    OK(waitid(P_ALL, 0, &info, WEXITED));
    OK(waitid(P_ALL, 0, &info, 0));
    OK(waitid(P_ALL, 0, &info, WNOHANG));
    OK(waitid(P_ALL, 0, &info, WEXITED | 0x10000));
    OK(waitid(P_PID, 0, &info, WEXITED));
    OK(waitid(P_PID, -5, &info, WEXITED));
    OK(waitid(P_PIDFD, -1, &info, WEXITED));
    OK(waitid(P_PIDFD, 999, &info, WEXITED));
    OK(waitid(P_PIDFD, 0, &info, WEXITED));
    OK(waitid((idtype_t)77, 1, &info, WEXITED));
    pid_t p = CHILD(pause());
    NUM(waitid(P_PID, p, &info, WEXITED | WNOHANG));
    OK(syscall(SYS_wait4, p, BAD, WNOHANG, NULL));
    kill(p, SIGKILL);
    OK(syscall(SYS_wait4, p, BAD, 0, NULL));
    OK(waitpid(p, &status, 0));
    return 0;
}
