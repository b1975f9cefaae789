// A killed process closes its sockets: the peer of a Unix and of a TCP connection sees the end.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), pair[2];
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pid_t p = CHILD({
        close(pair[0]);
        close(server);
        int s = socket(AF_INET, SOCK_STREAM, 0);
        connect(s, (void*)&a, sizeof a);
        write(s, "t", 1);
        write(pair[1], "u", 1);
        for (;;) pause();
    });
    close(pair[1]);
    int peer = accept(server, NULL, NULL);
    char c;
    NUM(read(peer, &c, 1));
    NUM(read(pair[0], &c, 1));
    kill(p, SIGKILL);
    NUM(read(peer, &c, 1));
    NUM(read(pair[0], &c, 1));
    reap("child", p);
    return 0;
}
