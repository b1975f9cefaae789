// A descriptor leaves an epoll when its last copy is closed, not before; a number that is reused is another.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    int ends[2];
    pipe(ends);
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out[4];
    int copy = dup(ends[0]);
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    write(ends[1], "x", 1);
    int number = ends[0];
    close(ends[0]);
    NUM(epoll_wait(ep, out, 4, 0));
    OK(epoll_ctl(ep, EPOLL_CTL_DEL, number, &e));
    close(copy);
    NUM(epoll_wait(ep, out, 4, 0));
    int second[2];
    pipe(second);
    YES(second[0] == number);
    e.data.u32 = 2;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, second[0], &e));
    write(second[1], "x", 1);
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(out[0].data.u32);
    int same = dup(second[0]);
    e.data.u32 = 3;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, same, &e));
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 1, 0));
    RUNS("child", NUM(epoll_wait(ep, out, 4, 0)); OK(epoll_ctl(ep, EPOLL_CTL_DEL, same, &e)));
    NUM(epoll_wait(ep, out, 4, 0));
    return 0;
}
