// Several threads wait on one epoll: with EPOLLET each event goes to one of them; what is added while waiting
// counts.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
static int ep, total, fds[50];
static void* waiter(void* arg) {
    struct epoll_event out;
    while (epoll_wait(ep, &out, 1, 3000) == 1) {
        if (out.data.u32 == 999) break;
        __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}
int main(void) {
    ep = epoll_create1(0);
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, waiter, NULL);
    for (int i = 0; i < 50; i++) {
        fds[i] = eventfd(0, 0);
        struct epoll_event e = {EPOLLIN | EPOLLET, {.u32 = i}};
        epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e);
    }
    for (int i = 0; i < 50; i++) eventfd_write(fds[i], 1);
    while (__atomic_load_n(&total, __ATOMIC_SEQ_CST) < 50) sleep_ms(1);
    sleep_ms(10);
    NUM(total);
    struct epoll_event e = {EPOLLIN, {.u32 = 999}};
    epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(1, 0), &e);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    NUM(total);
    return 0;
}
