// shutdown of TCP: half-closed both ways, poll's answers, the listening socket.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
static void show(const char* what, int s) {
    struct pollfd p = {s, POLLIN | POLLOUT | POLLRDHUP, 0};
    poll(&p, 1, 0);
    say("%s:%s%s%s%s\n", what, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
        p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLHUP ? " HUP" : "");
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    char c;
    show("new", client);
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    show("listening", server);
    getsockname(server, (void*)&a, &length);
    connect(client, (void*)&a, sizeof a);
    show("to accept", server);
    int peer = accept(server, NULL, NULL);
    show("connected", client);
    write(client, "x", 1);
    OK(shutdown(client, SHUT_WR));
    struct pollfd p = {peer, POLLRDHUP, 0};
    NUM(poll(&p, 1, 5000));
    show("peer", peer);
    show("self", client);
    NUM(read(peer, &c, 1));
    NUM(read(peer, &c, 1));
    OK(shutdown(peer, SHUT_WR));
    p = (struct pollfd){client, POLLRDHUP, 0};
    NUM(poll(&p, 1, 5000));
    show("self", client);
    show("peer", peer);
    NUM(read(client, &c, 1));
    OK(shutdown(client, SHUT_RDWR) * 0);
    OK(shutdown(server, SHUT_RD));
    show("listener shut", server);
    OK(accept(server, NULL, NULL));
    OK(connect(socket(AF_INET, SOCK_STREAM, 0), (void*)&a, sizeof a));
    return 0;
}
