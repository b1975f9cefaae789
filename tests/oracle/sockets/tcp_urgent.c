// Out-of-band data: MSG_OOB, SIGURG's mark, SO_OOBINLINE, POLLPRI.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), on = 1, mark = -1;
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    connect(client, (void*)&a, sizeof a);
    int peer = accept(server, NULL, NULL);
    char text[16] = "";
    OK(recv(peer, text, 1, MSG_OOB));
    NUM(send(client, "abc", 3, 0));
    NUM(send(client, "!", 1, MSG_OOB));
    NUM(send(client, "def", 3, 0));
    struct pollfd p = {peer, POLLPRI, 0};
    NUM(poll(&p, 1, 5000));
    YES(p.revents & POLLPRI);
    OK(ioctl(peer, SIOCATMARK, &mark));
    NUM(mark);
    NUM(recv(peer, text, sizeof text, 0));
    OK(ioctl(peer, SIOCATMARK, &mark));
    NUM(mark);
    NUM(recv(peer, text, 1, MSG_OOB));
    say("%c\n", text[0]);
    OK(recv(peer, text, 1, MSG_OOB));
    memset(text, 0, sizeof text);
    NUM(recv(peer, text, 3, MSG_WAITALL));
    STR(text);
    OK(setsockopt(peer, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
    send(client, "12", 2, MSG_OOB);
    memset(text, 0, sizeof text);
    NUM(poll(&p, 1, 5000));
    NUM(recv(peer, text, 1, 0));
    NUM(recv(peer, text + 1, 1, 0));
    STR(text);
    OK(recv(peer, text, 1, MSG_OOB));
    return 0;
}
