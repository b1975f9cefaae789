// Descriptors that are no event source: poll and epoll on regular files, random devices, and what timerfd and
// eventfd refuse.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
int main(void) {
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out;
    int random = MUST(open("/dev/urandom", O_RDONLY)), null = MUST(open("/dev/null", O_RDWR));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, null, &e));
    int fd = eventfd(0, EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    char c[8];
    OK(pread(fd, c, 8, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, timer, 0));
    OK(ftruncate(fd, 0));
    OK(fsync(fd));
    OK(fchdir(fd));
    OK(ioctl(fd, FIONREAD, c));
    OK(fallocate(timer, 0, 0, 1));
    struct pollfd p = {random, POLLIN, 0};
    NUM(poll(&p, 1, 0));
    NUM(epoll_wait(ep, &out, 1, 0) >= 0);
    char link[64] = "";
    snprintf(c, sizeof c, "%d", fd);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%s", c);
    readlink(path, link, sizeof link - 1);
    STR(link);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ep);
    memset(link, 0, sizeof link);
    readlink(path, link, sizeof link - 1);
    STR(link);
    snprintf(path, sizeof path, "/proc/self/fd/%d", timer);
    memset(link, 0, sizeof link);
    readlink(path, link, sizeof link - 1);
    STR(link);
    return 0;
}
