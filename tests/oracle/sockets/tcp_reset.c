// TCP: closing with unread data resets the peer; SO_LINGER 0 too; what poll and SO_ERROR then say.
#include "oracle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
static void connected(int* client, int* peer) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    MUST(bind(server, (void*)&a, sizeof a));
    MUST(listen(server, 1));
    MUST(getsockname(server, (void*)&a, &length));
    *client = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connect(*client, (void*)&a, sizeof a));
    *peer = MUST(accept(server, NULL, NULL));
    close(server);
}
int main(void) {
    int client, peer, error = -1;
    socklen_t length = sizeof error;
    char c;
    connected(&client, &peer);
    write(client, "unread", 6);
    struct pollfd p = {peer, POLLIN, 0};
    poll(&p, 1, 5000);
    close(peer);
    p = (struct pollfd){client, POLLIN, 0};
    NUM(poll(&p, 1, 5000));
    say("in %d hup %d err %d\n", !!(p.revents & POLLIN), !!(p.revents & POLLHUP), !!(p.revents & POLLERR));
    OK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length));
    STR(errno_name(error));
    NUM(recv(client, &c, 1, 0));
    OK(send(client, "x", 1, MSG_NOSIGNAL));
    connected(&client, &peer);
    struct linger linger = {1, 0};
    OK(setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    close(peer);
    OK(recv(client, &c, 1, 0));
    NUM(recv(client, &c, 1, 0));
    connected(&client, &peer);
    close(peer);
    NUM(recv(client, &c, 1, 0));
    NUM(send(client, "x", 1, MSG_NOSIGNAL));
    p = (struct pollfd){client, POLLIN, 0};
    while (poll(&p, 1, 1) >= 0 && !(p.revents & POLLHUP)) {
    }
    OK(send(client, "x", 1, MSG_NOSIGNAL));
    RUNS("SIGPIPE", send(client, "x", 1, 0); send(client, "x", 1, 0));
    return 0;
}
