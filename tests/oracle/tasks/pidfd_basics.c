// pidfd_open: readable when the process ends, a target for signals and waits; the errors.
#include "oracle.h"

static int pidfd_open_(pid_t p, unsigned flags) {
    return syscall(SYS_pidfd_open, p, flags);
}
static int pidfd_send(int fd, int s, siginfo_t* info, unsigned flags) {
    return syscall(SYS_pidfd_send_signal, fd, s, info, flags);
}
int main(void) {
    siginfo_t info = {0};
    pid_t p = CHILD(pause());
    int fd = OK(pidfd_open_(p, 0));
    NUM(fcntl(fd, F_GETFD));
    struct pollfd poll_fd = {fd, POLLIN, 0};
    NUM(poll(&poll_fd, 1, 0));
    OK(pidfd_send(fd, 0, NULL, 0));
    OK(pidfd_send(fd, 99, NULL, 0));
    OK(pidfd_send(fd, SIGTERM, NULL, 0x100));
    OK(pidfd_send(0, SIGTERM, NULL, 0));
    OK(pidfd_send(-1, SIGTERM, NULL, 0));
    info.si_signo = SIGUSR1;
    OK(pidfd_send(fd, SIGTERM, &info, 0));
    OK(pidfd_send(fd, SIGTERM, NULL, 0));
    NUM(poll(&poll_fd, 1, 5000));
    YES(poll_fd.revents & POLLIN);
    OK(waitid(P_PIDFD, fd, &info, WEXITED));
    YES(info.si_pid == p && info.si_status == SIGTERM && info.si_code == CLD_KILLED);
    OK(pidfd_send(fd, 0, NULL, 0));
    OK(waitid(P_PIDFD, fd, &info, WEXITED));
    OK(pidfd_open_(p, 0));
    OK(pidfd_open_(0, 0));
    OK(pidfd_open_(-1, 0));
    OK(pidfd_open_(getpid(), 0x100));
    char c;
    OK(read(fd, &c, 1));
    OK(write(fd, "x", 1));
    OK(lseek(fd, 0, SEEK_SET));
    p = CHILD(pause());
    fd = OK(pidfd_open_(p, O_NONBLOCK));
    OK(waitid(P_PIDFD, fd, &info, WEXITED));
    kill(p, SIGKILL);
    reap("second", p);
    return 0;
}
