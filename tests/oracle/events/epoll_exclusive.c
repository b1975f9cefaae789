// EPOLLEXCLUSIVE: accepted with ADD alone and few flags; at least one waiter is woken.
#include "oracle.h"

#include <sys/epoll.h>
static int ends[2];
static int woken;
static struct gate ready;
static void* waiter(void* arg) {
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN | EPOLLEXCLUSIVE, {.u32 = 1}}, out;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e) < 0) return NULL;
    gate_pass(&ready);
    char c;
    if (epoll_wait(ep, &out, 1, 5000) == 1 && read(ends[0], &c, 1) == 1)
        __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return arg;
}
int main(void) {
    pipe2(ends, O_NONBLOCK);
    int ep = epoll_create1(0), inner = epoll_create1(0);
    struct epoll_event e = {EPOLLIN | EPOLLEXCLUSIVE, {.u32 = 1}};
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e));
    e.events = EPOLLIN;
    OK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e));
    OK(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], &e));
    e.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    e.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
    e.events = EPOLLIN | EPOLLEXCLUSIVE;
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, inner, &e));
    close(ep);
    ready = gate_new();
    pthread_t t[3];
    for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, waiter, NULL);
    for (int i = 0; i < 3; i++) gate_wait(&ready);
    write(ends[1], "a", 1);
    while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < 1) sleep_ms(1);
    say("one byte read\n");
    write(ends[1], "bc", 2);
    write(ends[1], "defg", 4);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    YES(woken >= 1 && woken <= 3);
    return 0;
}
