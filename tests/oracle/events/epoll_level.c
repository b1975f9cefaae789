// epoll, level-triggered: an event as long as the condition holds; modify, delete, user data.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    int ends[2];
    pipe(ends);
    int ep = OK(epoll_create1(EPOLL_CLOEXEC));
    NUM(fcntl(ep, F_GETFD));
    struct epoll_event e = {EPOLLIN, {.u64 = 0x123456789abcdef0}}, out[4];
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    write(ends[1], "xy", 2);
    for (int i = 0; i < 2; i++) {
        NUM(epoll_wait(ep, out, 4, 0));
        HEX(out[0].events);
        HEX(out[0].data.u64);
    }
    char c;
    read(ends[0], &c, 1);
    NUM(epoll_wait(ep, out, 4, 0));
    read(ends[0], &c, 1);
    NUM(epoll_wait(ep, out, 4, 0));
    e.events = EPOLLIN | EPOLLOUT;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    HEX(out[0].events);
    e.events = 0;
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[1], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    close(ends[0]);
    NUM(epoll_wait(ep, out, 4, 0));
    HEX(out[0].events);
    OK(epoll_ctl(ep, EPOLL_CTL_DEL, ends[1], NULL));
    NUM(epoll_wait(ep, out, 4, 0));
    long long start = now_ms();
    NUM(epoll_wait(ep, out, 4, 20));
    YES(now_ms() - start >= 19);
    return 0;
}
