// eventfd and epoll between processes: an event made in the child wakes the parent's epoll.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
int main(void) {
    int ep = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);
    struct epoll_event e = {EPOLLIN | EPOLLET, {.u32 = 7}}, out;
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    for (int i = 1; i <= 3; i++) {
        pid_t p = CHILD(sleep_ms(5); eventfd_write(fd, i));
        NUM(epoll_wait(ep, &out, 1, 5000));
        eventfd_t v;
        NUM(eventfd_read(fd, &v));
        NUM(v);
        reap("child", p);
    }
    int shared = epoll_create1(0);
    pid_t p = CHILD({
        int own = eventfd(1, 0);
        e.data.u32 = 9;
        epoll_ctl(shared, EPOLL_CTL_ADD, own, &e);
        NUM(epoll_wait(shared, &out, 1, 0));
    });
    reap("child", p);
    NUM(epoll_wait(shared, &out, 1, 0));
    return 0;
}
