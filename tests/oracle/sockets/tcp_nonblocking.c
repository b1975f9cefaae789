// Non-blocking TCP: EINPROGRESS or success, EAGAIN, SO_ERROR after a refusal, poll for completion.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    OK(accept(server, NULL, NULL));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int r = connect(client, (void*)&a, sizeof a);
    YES(r == 0 || errno == EINPROGRESS);
    struct pollfd p = {client, POLLOUT, 0};
    NUM(poll(&p, 1, 5000));
    YES(p.revents == POLLOUT);
    length = sizeof error;
    OK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length));
    NUM(error);
    p = (struct pollfd){server, POLLIN, 0};
    NUM(poll(&p, 1, 5000));
    int peer = OK(accept4(server, NULL, NULL, SOCK_NONBLOCK));
    char c;
    OK(recv(peer, &c, 1, 0));
    static char block[65536];
    long total = 0, n;
    while ((n = send(client, block, sizeof block, 0)) > 0) total += n;
    STR(errno_name(errno));
    YES(total > 65536);
    p = (struct pollfd){client, POLLOUT, 0};
    NUM(poll(&p, 1, 0));
    long received = 0;
    while (received < total) {
        p = (struct pollfd){peer, POLLIN, 0};
        poll(&p, 1, 5000);
        n = recv(peer, block, sizeof block, 0);
        if (n <= 0) break;
        received += n;
    }
    YES(received == total);
    p = (struct pollfd){client, POLLOUT, 0};
    NUM(poll(&p, 1, 5000));
    close(server);
    int refused = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    r = connect(refused, (void*)&a, sizeof a);
    if (r < 0 && errno == EINPROGRESS) {
        p = (struct pollfd){refused, POLLOUT, 0};
        poll(&p, 1, 5000);
        length = sizeof error;
        getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &length);
    } else
        error = errno;
    STR(errno_name(error));
    length = sizeof error;
    OK(getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &length));
    NUM(error);
    return 0;
}
