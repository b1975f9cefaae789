// epoll_wait with a small buffer goes round: every ready descriptor is reported in turn.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
int main(void) {
    int ep = epoll_create1(0), seen[10] = {0};
    for (int i = 0; i < 10; i++) {
        struct epoll_event e = {EPOLLIN, {.u32 = i}};
        int fd = eventfd(1, 0);
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    }
    for (int i = 0; i < 10; i++) {
        struct epoll_event out[3];
        int n = epoll_wait(ep, out, 3, 0);
        for (int k = 0; k < n; k++) seen[out[k].data.u32]++;
    }
    for (int i = 0; i < 10; i++) say("%d", seen[i]);
    say("\n");
    return 0;
}
