// TCP: MSG_PEEK, MSG_TRUNC that discards, MSG_WAITALL over several segments, MSG_MORE, MSG_DONTWAIT.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), n = -1;
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    connect(client, (void*)&a, sizeof a);
    int peer = accept(server, NULL, NULL);
    char text[32] = "";
    OK(recv(peer, text, 5, MSG_DONTWAIT));
    NUM(send(client, "abcdefghij", 10, 0));
    struct pollfd p = {peer, POLLIN, 0};
    poll(&p, 1, 5000);
    NUM(recv(peer, text, 4, MSG_PEEK));
    STR(text);
    OK(ioctl(peer, FIONREAD, &n));
    NUM(n);
    NUM(recv(peer, NULL, 3, MSG_TRUNC));
    memset(text, 0, sizeof text);
    NUM(recv(peer, text, 4, 0));
    STR(text);
    pid_t c = CHILD({
        for (int i = 0; i < 5; i++) {
            send(client, "..", 2, 0);
            sleep_ms(3);
        }
    });
    NUM(recv(peer, text, 13, MSG_WAITALL));
    reap("sender", c);
    NUM(send(client, "held ", 5, MSG_MORE));
    NUM(send(client, "back", 4, 0));
    memset(text, 0, sizeof text);
    NUM(recv(peer, text, 9, MSG_WAITALL));
    STR(text);
    struct iovec v[2] = {{"gather", 6}, {"ed", 2}};
    NUM(writev(client, v, 2));
    memset(text, 0, sizeof text);
    NUM(recv(peer, text, 8, MSG_WAITALL));
    STR(text);
    send(client, "end", 3, 0);
    shutdown(client, SHUT_WR);
    NUM(recv(peer, text, 10, MSG_WAITALL));
    NUM(recv(peer, text, 10, MSG_PEEK));
    NUM(recv(peer, text, 0, 0));
    return 0;
}
