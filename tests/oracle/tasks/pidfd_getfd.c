// pidfd_getfd: another process's open file description under a number of one's own.
#include "oracle.h"

static int getfd(int pidfd, int fd, unsigned flags) {
    return syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}
int main(void) {
    scratch();
    struct gate ready = gate_new();
    pid_t p = CHILD({
        int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
        write(fd, "abcdef", 6);
        lseek(fd, 2, SEEK_SET);
        dup2(fd, 40);
        gate_pass(&ready);
        pause();
    });
    gate_wait(&ready);
    int pidfd = MUST(syscall(SYS_pidfd_open, p, 0));
    int fd = OK(getfd(pidfd, 40, 0));
    NUM(fcntl(fd, F_GETFD));
    NUM(lseek(fd, 0, SEEK_CUR));
    OK(getfd(pidfd, 41, 0));
    OK(getfd(pidfd, 40, 1));
    OK(getfd(0, 40, 0));
    OK(getfd(-1, 40, 0));
    kill(p, SIGKILL);
    reap("child", p);
    OK(getfd(pidfd, 40, 0));
    return 0;
}
