// SO_REUSEADDR and SO_REUSEPORT: what may share a port, and rebinding after a connection was closed.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int on = 1;
    int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(two, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    OK(bind(one, (void*)&a, sizeof a));
    getsockname(one, (void*)&a, &length);
    OK(bind(two, (void*)&a, sizeof a));
    OK(listen(one, 5));
    OK(listen(two, 5));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (void*)&a, sizeof a);
    int peer = accept(one, NULL, NULL);
    close(peer);
    close(one);
    close(two);
    char c;
    NUM(read(client, &c, 1));
    close(client);
    one = socket(AF_INET, SOCK_STREAM, 0);
    OK(bind(one, (void*)&a, sizeof a));
    setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    OK(bind(one, (void*)&a, sizeof a));
    OK(listen(one, 5));
    close(one);
    int ports[2];
    a.sin_port = 0;
    for (int i = 0; i < 2; i++) {
        ports[i] = socket(AF_INET, SOCK_STREAM, 0);
        OK(setsockopt(ports[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
        OK(bind(ports[i], (void*)&a, sizeof a));
        length = sizeof a;
        getsockname(ports[i], (void*)&a, &length);
        OK(listen(ports[i], 5));
    }
    OK(bind(socket(AF_INET, SOCK_STREAM, 0), (void*)&a, sizeof a));
    return 0;
}
