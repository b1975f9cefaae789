// Waits that end with EINTR even under SA_RESTART: poll, select, epoll, nanosleep, sigtimedwait, pause,
// msg-less recv.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
static void on(int s) {
    (void)s;
}
static pid_t kicker(void) {
    pid_t parent = getpid();
    return CHILD(sleep_ms(20); kill(parent, SIGUSR1));
}
#define INTERRUPTED(call)               \
    do {                                \
        pid_t kick = kicker();          \
        OK(call);                       \
        while (waitpid(kick, 0, 0) < 0) \
            ;                           \
    } while (0)
int main(void) {
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct timespec five = {5, 0}, left = {0, 0};
    struct timeval five_val = {5, 0}, receive = {5, 0};
    struct epoll_event event;
    int ep = epoll_create1(0);
    int pair[2];
    char c;
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
    INTERRUPTED(poll(NULL, 0, 5000));
    INTERRUPTED(select(0, NULL, NULL, NULL, &five_val));
    INTERRUPTED(epoll_wait(ep, &event, 1, 5000));
    INTERRUPTED(nanosleep(&five, &left));
    YES(left.tv_sec == 4);
    INTERRUPTED(clock_nanosleep(CLOCK_MONOTONIC, 0, &five, &left) == EINTR ? -1 : 0);
    INTERRUPTED(pause());
    INTERRUPTED(recv(pair[0], &c, 1, 0));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    INTERRUPTED(sigtimedwait(&set, NULL, &five));
    return 0;
}
