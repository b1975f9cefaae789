// epoll_create, epoll_ctl, epoll_wait: the errors.
#include "oracle.h"

#include <sys/epoll.h>
int main(void) {
    scratch();
    put_file("f", "");
    int ends[2];
    pipe(ends);
    struct epoll_event e = {EPOLLIN, {.u32 = 1}}, out[4];
    OK(epoll_create(0));
    OK(epoll_create(-1));
    OK(epoll_create(1));
    OK(epoll_create1(1));
    int ep = OK(epoll_create1(0));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[1], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_DEL, ends[1], &e));
    OK(epoll_ctl(ep, 77, ends[0], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e));
    OK(epoll_ctl(99, EPOLL_CTL_ADD, ends[1], &e));
    OK(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], BAD));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], NULL));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, MUST(open("f", O_RDONLY)), &e));
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, MUST(open(".", O_RDONLY)), &e));
    OK(epoll_wait(ep, out, 0, 0));
    OK(epoll_wait(ep, out, -1, 0));
    OK(epoll_wait(ends[0], out, 4, 0));
    OK(epoll_wait(99, out, 4, 0));
    write(ends[1], "x", 1);
    OK(epoll_wait(ep, (void*)8, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    OK(read(ep, out, 1));
    OK(write(ep, out, 1));
    OK(lseek(ep, 0, SEEK_SET));
    struct timespec bad = {0, -1}, zero = {0, 0};
    OK(epoll_pwait2(ep, out, 4, &bad, NULL));
    NUM(epoll_pwait2(ep, out, 4, &zero, NULL));
    OK(syscall(SYS_epoll_pwait, ep, out, 4, 0, BAD, 8));
    sigset_t set;
    sigemptyset(&set);
    OK(syscall(SYS_epoll_pwait, ep, out, 4, 0, &set, 4));
    return 0;
}
