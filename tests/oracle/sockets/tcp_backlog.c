// A TCP server that accepts late: connections complete in the backlog and their data waits there.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), clients[5];
    bind(server, (void*)&a, sizeof a);
    OK(listen(server, 10));
    getsockname(server, (void*)&a, &length);
    for (int i = 0; i < 5; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
        NUM(connect(clients[i], (void*)&a, sizeof a));
        dprintf(clients[i], "client %d", i);
    }
    close(clients[2]);
    for (int i = 0; i < 5; i++) {
        char text[32] = "";
        int peer = accept(server, NULL, NULL);
        NUM(recv(peer, text, 8, MSG_WAITALL));
        STR(text);
        if (i == 2) NUM(recv(peer, text, 8, 0));
    }
    OK(listen(server, 1));
    OK(listen(server, -1));
    int waiting = socket(AF_INET, SOCK_STREAM, 0);
    NUM(connect(waiting, (void*)&a, sizeof a));
    close(server);
    char c;
    OK(recv(waiting, &c, 1, 0));
    return 0;
}
