// EPOLLONESHOT: one event, then nothing until it is armed again.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    int ends[2];
    pipe(ends);
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN | EPOLLONESHOT, {.u32 = 5}}, out[4];
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    write(ends[1], "a", 1);
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    write(ends[1], "b", 1);
    NUM(epoll_wait(ep, out, 4, 0));
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    close(ends[1]);
    NUM(epoll_wait(ep, out, 4, 0));
    e.events = EPOLLIN | EPOLLONESHOT | EPOLLET;
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    HEX(out[0].events);
    NUM(epoll_wait(ep, out, 4, 0));
    return 0;
}
