// TCP: refused connections, ports in use, wrong addresses, what an unconnected socket answers.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
static int tcp(void) {
    return MUST(socket(AF_INET, SOCK_STREAM, 0));
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    char c;
    int s = tcp();
    OK(bind(s, (void*)&a, sizeof a));
    getsockname(s, (void*)&a, &length);
    OK(connect(tcp(), (void*)&a, sizeof a));
    OK(bind(tcp(), (void*)&a, sizeof a));
    OK(bind(s, (void*)&a, sizeof a));
    OK(listen(s, 1));
    OK(bind(tcp(), (void*)&a, sizeof a));
    int fresh = tcp();
    OK(recv(fresh, &c, 1, 0));
    OK(send(fresh, "x", 1, MSG_NOSIGNAL));
    OK(getpeername(fresh, (void*)&a, &length));
    OK(shutdown(fresh, SHUT_WR));
    OK(accept(fresh, NULL, NULL));
    struct sockaddr_in wrong = a;
    wrong.sin_family = AF_INET6;
    OK(connect(tcp(), (void*)&wrong, sizeof wrong));
    OK(bind(tcp(), (void*)&wrong, sizeof wrong));
    OK(connect(tcp(), (void*)&a, 4));
    OK(bind(tcp(), (void*)&a, 4));
    OK(connect(tcp(), BAD, sizeof a));
    OK(bind(tcp(), BAD, sizeof a));
    wrong = a;
    wrong.sin_addr.s_addr = htonl(0xc6336401);  // 198.51.100.1 is nobody's
    wrong.sin_port = 0;
    OK(bind(tcp(), (void*)&wrong, sizeof wrong));
    int again = tcp();
    OK(connect(again, (void*)&a, sizeof a));
    OK(connect(again, (void*)&a, sizeof a));
    OK(accept(s, (void*)&a, BAD));
    close(s);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    int reuse = tcp();
    OK(connect(reuse, &none, sizeof none));
    RUNS("privileged port", become_ordinary();
         struct sockaddr_in low = {.sin_family = AF_INET, .sin_port = htons(83)};
         int r = bind(tcp(), (void*)&low, sizeof low); YES(r == 0 || errno == EACCES));
    return 0;
}
