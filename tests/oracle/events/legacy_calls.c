// The old calls by number: pipe, poll, select, epoll_create, epoll_wait, eventfd, signalfd.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/select.h>
int main(void) {
    int ends[2];
    OK(syscall(SYS_pipe, ends));
    NUM(fcntl(ends[0], F_GETFL));
    struct pollfd p = {ends[1], POLLOUT, 0};
    NUM(syscall(SYS_poll, &p, 1, 0));
    fd_set w;
    FD_ZERO(&w);
    FD_SET(ends[1], &w);
    struct timeval tv = {1, 0};
    NUM(syscall(SYS_select, ends[1] + 1, NULL, &w, NULL, &tv));
    int ep = OK(syscall(SYS_epoll_create, 1));
    NUM(fcntl(ep, F_GETFD));
    struct epoll_event e = {EPOLLOUT, {.u32 = 3}};
    OK(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, ends[1], &e));
    NUM(syscall(SYS_epoll_wait, ep, &e, 1, 0));
    int fd = OK(syscall(SYS_eventfd, 5));
    uint64_t v = 0;
    NUM(read(fd, &v, 8));
    NUM(v);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int sfd = OK(syscall(SYS_signalfd, -1, &set, 8));
    raise(SIGUSR1);
    char info[128];
    NUM(read(sfd, info, sizeof info));
    return 0;
}
