// accept, connect and recv with signals: EINTR without SA_RESTART, continued with it, EAGAIN after
// SO_RCVTIMEO.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
static volatile sig_atomic_t hits;
static void on(int s) {
    (void)s;
    hits = hits + 1;
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    struct sigaction action = {.sa_handler = on};
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid();
    pid_t p = CHILD(sleep_ms(20); kill(parent, SIGUSR1));
    OK(accept(server, NULL, NULL));
    reap("child", p);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    p = CHILD({
        sleep_ms(20);
        kill(parent, SIGUSR1);
        sleep_ms(20);
        int c = socket(AF_INET, SOCK_STREAM, 0);
        connect(c, (void*)&a, sizeof a);
        sleep_ms(20);
        kill(parent, SIGUSR1);
        sleep_ms(20);
        write(c, "x", 1);
        char x;
        read(c, &x, 1);
    });
    int peer = OK(accept(server, NULL, NULL));
    char c;
    NUM(recv(peer, &c, 1, 0));
    NUM(hits);
    struct timeval tv = {0, 20000};
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    OK(accept(server, NULL, NULL));
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    OK(recv(peer, &c, 1, 0));
    close(peer);
    reap("child", p);
    return 0;
}
