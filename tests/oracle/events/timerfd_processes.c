// A timerfd is shared over fork; epoll wakes for it; a blocking read waits for the expiry.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
int main(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0), ep = epoll_create1(0);
    struct itimerspec spec = {{0, 0}, {0, 15000000}};
    uint64_t v = 0;
    long long start = now_ms();
    timerfd_settime(fd, 0, &spec, NULL);
    NUM(read(fd, &v, 8));
    NUM(v);
    YES(now_ms() - start >= 14);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out;
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    timerfd_settime(fd, 0, &spec, NULL);
    NUM(epoll_wait(ep, &out, 1, 5000));
    RUNS("child", NUM(read(fd, &v, 8)); timerfd_settime(fd, 0, &spec, NULL));
    NUM(epoll_wait(ep, &out, 1, 5000));
    RUNS("disarmed by the child", spec.it_value.tv_nsec = 0; timerfd_settime(fd, 0, &spec, NULL));
    NUM(epoll_wait(ep, &out, 1, 0));
    return 0;
}
