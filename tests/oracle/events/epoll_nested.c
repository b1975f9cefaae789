// An epoll inside an epoll: readiness passes through; poll sees it; loops and depth are refused.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    int ends[2];
    pipe(ends);
    int inner = epoll_create1(0), outer = epoll_create1(0), third = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out[2];
    OK(epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &e));
    e.data.u32 = 2;
    OK(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e));
    e.data.u32 = 3;
    OK(epoll_ctl(third, EPOLL_CTL_ADD, outer, &e));
    NUM(epoll_wait(third, out, 2, 0));
    write(ends[1], "x", 1);
    NUM(epoll_wait(third, out, 2, 1000));
    NUM(out[0].data.u32);
    NUM(epoll_wait(outer, out, 2, 0));
    NUM(out[0].data.u32);
    struct pollfd p = {third, POLLIN, 0};
    NUM(poll(&p, 1, 0));
    char c;
    read(ends[0], &c, 1);
    NUM(poll(&p, 1, 0));
    NUM(epoll_wait(third, out, 2, 0));
    OK(epoll_ctl(inner, EPOLL_CTL_ADD, third, &e));
    OK(epoll_ctl(inner, EPOLL_CTL_ADD, inner, &e));
    int chain[8];
    for (int i = 0; i < 8; i++) chain[i] = epoll_create1(0);
    int depth = 0;
    for (int i = 1; i < 8; i++) {
        if (epoll_ctl(chain[i], EPOLL_CTL_ADD, chain[i - 1], &e) < 0) {
            say("depth %d: %s\n", i, errno_name(errno));
            break;
        }
        depth = i;
    }
    NUM(depth);
    return 0;
}
