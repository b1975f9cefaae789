// TCP on loopback: listen, connect, accept, names, data both ways, end of stream.
#include "oracle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b, c;
    socklen_t length = sizeof a;
    int server = OK(socket(AF_INET, SOCK_STREAM, 0));
    OK(bind(server, (void*)&a, sizeof a));
    OK(listen(server, 5));
    OK(getsockname(server, (void*)&a, &length));
    NUM(length);
    YES(a.sin_port != 0 && a.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    int client = OK(socket(AF_INET, SOCK_STREAM, 0));
    OK(connect(client, (void*)&a, sizeof a));
    int peer = OK(accept(server, (void*)&b, &length));
    length = sizeof c;
    OK(getsockname(client, (void*)&c, &length));
    YES(b.sin_family == AF_INET && b.sin_port == c.sin_port && b.sin_addr.s_addr == c.sin_addr.s_addr);
    length = sizeof c;
    OK(getpeername(client, (void*)&c, &length));
    YES(c.sin_port == a.sin_port);
    char text[32] = "";
    NUM(write(client, "hello", 5));
    NUM(recv(peer, text, 5, MSG_WAITALL));
    STR(text);
    NUM(write(peer, "answer", 6));
    NUM(recv(client, text, 6, MSG_WAITALL));
    STR(text);
    OK(connect(client, (void*)&a, sizeof a));
    OK(bind(client, (void*)&a, sizeof a));
    OK(shutdown(client, SHUT_WR));
    NUM(read(peer, text, 1));
    NUM(write(peer, "late", 4));
    NUM(recv(client, text, 4, MSG_WAITALL));
    OK(send(client, "x", 1, MSG_NOSIGNAL));
    close(peer);
    NUM(read(client, text, 1));
    OK(getpeername(server, (void*)&c, &length));
    OK(recv(server, text, 1, 0));
    OK(send(server, text, 1, MSG_NOSIGNAL));
    return 0;
}
