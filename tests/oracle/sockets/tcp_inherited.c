// What an accepted connection inherits from its listener (options) and what not (file flags).
#include "oracle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
static int get(int s, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    getsockopt(s, level, name, &value, &length);
    return value;
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, size = 40000;
    setsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    struct linger l = {1, 3};
    setsockopt(server, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (void*)&a, sizeof a);
    struct pollfd p = {server, POLLIN, 0};
    poll(&p, 1, 5000);
    int peer = OK(accept(server, NULL, NULL));
    NUM(fcntl(peer, F_GETFL) & O_NONBLOCK);
    NUM(fcntl(peer, F_GETFD));
    NUM(get(peer, SOL_SOCKET, SO_KEEPALIVE));
    NUM(get(peer, IPPROTO_TCP, TCP_NODELAY));
    NUM(get(peer, SOL_SOCKET, SO_SNDBUF));
    NUM(get(peer, SOL_SOCKET, SO_LINGER));
    NUM(get(peer, SOL_SOCKET, SO_ACCEPTCONN));
    NUM(get(server, SOL_SOCKET, SO_ACCEPTCONN));
    NUM(get(client, SOL_SOCKET, SO_KEEPALIVE));
    return 0;
}
