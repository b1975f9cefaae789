// sigsuspend, pselect, ppoll: the mask is swapped for the wait only, and the wait ends with EINTR.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/select.h>
static void on(int s) {
    say("got %s\n", signal_name(s));
}
static int blocked(void) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, SIGUSR1);
}
int main(void) {
    sigset_t set, none;
    struct timespec long_time = {5, 0};
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    signal(SIGUSR1, on);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    OK(sigsuspend(&none));
    NUM(blocked());
    raise(SIGUSR1);
    OK(ppoll(NULL, 0, &long_time, &none));
    NUM(blocked());
    raise(SIGUSR1);
    OK(pselect(0, NULL, NULL, NULL, &long_time, &none));
    NUM(blocked());
    raise(SIGUSR1);
    struct epoll_event event;
    OK(epoll_pwait(epoll_create1(0), &event, 1, 5000, &none));
    NUM(blocked());
    pid_t parent = getpid();
    pid_t p = CHILD({
        sleep_ms(10);
        kill(parent, SIGUSR1);
    });
    OK(sigsuspend(&none));
    reap("child", p);
    return 0;
}
