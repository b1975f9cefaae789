// EPOLLRDHUP, EPOLLHUP, EPOLLPRI and EPOLLERR on sockets and pipes, and that HUP and ERR need not be asked
// for.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/socket.h>
static void show(int ep) {
    struct epoll_event out;
    int n = epoll_wait(ep, &out, 1, 0);
    say("%d%s%s%s%s%s\n", n, n && out.events & EPOLLIN ? " IN" : "", n && out.events & EPOLLOUT ? " OUT" : "",
        n && out.events & EPOLLRDHUP ? " RDHUP" : "", n && out.events & EPOLLHUP ? " HUP" : "",
        n && out.events & EPOLLERR ? " ERR" : "");
}
int main(void) {
    int pair[2], ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLRDHUP | EPOLLIN, {.u32 = 1}};
    epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &e);
    show(ep);
    write(pair[1], "x", 1);
    shutdown(pair[1], SHUT_WR);
    show(ep);
    char c;
    read(pair[0], &c, 1);
    show(ep);
    close(pair[1]);
    show(ep);
    ep = epoll_create1(0);
    pipe(ends);
    e.events = 0;
    epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e);
    epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], &e);
    show(ep);
    close(ends[1]);
    show(ep);
    pipe(ends);
    ep = epoll_create1(0);
    e.events = EPOLLOUT;
    epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], &e);
    close(ends[0]);
    show(ep);
    return 0;
}
