// EPOLLET: one event per arrival, none for what was left unread.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN | EPOLLET, {.fd = 1}}, out[4];
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    write(pair[1], "abc", 3);
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    char c;
    read(pair[0], &c, 1);
    NUM(epoll_wait(ep, out, 4, 0));
    write(pair[1], "d", 1);
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, pair[0], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    e.events = EPOLLOUT | EPOLLET;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, pair[1], &e));
    NUM(epoll_wait(ep, out, 4, 0));
    NUM(epoll_wait(ep, out, 4, 0));
    close(pair[1]);
    NUM(epoll_wait(ep, out, 4, 0));
    HEX(out[0].events);
    NUM(epoll_wait(ep, out, 4, 0));
    return 0;
}
