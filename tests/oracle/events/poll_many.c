// poll and epoll with a thousand descriptors, ready in scattered places.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    enum { pairs = 400 };
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &limit);
    static int ends[pairs][2];
    static struct pollfd p[pairs];
    static struct epoll_event out[pairs];
    int ep = epoll_create1(0);
    for (int i = 0; i < pairs; i++) {
        MUST(pipe(ends[i]));
        p[i] = (struct pollfd){ends[i][0], POLLIN, 0};
        struct epoll_event e = {EPOLLIN, {.u32 = i}};
        MUST(epoll_ctl(ep, EPOLL_CTL_ADD, ends[i][0], &e));
    }
    NUM(poll(p, pairs, 0));
    for (int i = 0; i < pairs; i += 7) write(ends[i][1], "x", 1);
    NUM(poll(p, pairs, 0));
    int wrong = 0;
    for (int i = 0; i < pairs; i++) wrong += (p[i].revents != 0) != (i % 7 == 0);
    NUM(wrong);
    int n = epoll_wait(ep, out, pairs, 0);
    NUM(n);
    for (int i = 0; i < n; i++) wrong += out[i].data.u32 % 7 != 0;
    NUM(wrong);
    for (int i = 0; i < pairs; i++) close(ends[i][0]);
    NUM(epoll_wait(ep, out, pairs, 0));
    return 0;
}
