// clone3: a process with a pidfd, ids stored, and an exit signal.
#include <linux/sched.h>
#include "oracle.h"
static long clone3(struct clone_args* args, size_t size) {
    return syscall(SYS_clone3, args, size);
}
int main(void) {
    int pidfd = -1;
    pid_t parent_tid = 0;
    static pid_t child_tid;
    struct clone_args args = {0};
    args.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
    args.pidfd = (uintptr_t)&pidfd;
    args.parent_tid = (uintptr_t)&parent_tid;
    args.child_tid = (uintptr_t)&child_tid;
    args.exit_signal = SIGCHLD;
    pid_t p = clone3(&args, sizeof args);
    if (p == 0) {
        YES(child_tid == syscall(SYS_gettid));
        _exit(13);
    }
    siginfo_t waited = {0};
    OK(waitid(P_PIDFD, pidfd, &waited, WEXITED | WNOWAIT));
    YES(parent_tid == p);
    YES(pidfd >= 0);
    NUM(fcntl(pidfd, F_GETFD));
    siginfo_t info = {0};
    OK(waitid(P_PIDFD, pidfd, &info, WEXITED));
    NUM(info.si_status);
    YES(info.si_code == CLD_EXITED);
    return 0;
}
