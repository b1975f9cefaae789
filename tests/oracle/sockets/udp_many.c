// Datagrams of many sizes keep their boundaries and order on loopback; sendmmsg with addresses; a connected
// pair.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b = a;
    socklen_t length = sizeof a;
    int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
    bind(one, (void*)&a, sizeof a);
    bind(two, (void*)&b, sizeof b);
    getsockname(one, (void*)&a, &length);
    getsockname(two, (void*)&b, &length);
    const int sizes[] = {0, 1, 2, 100, 1472, 1473, 9000, 20000, 50000, 65507};
    static char data[65536], back[65536];
    for (size_t i = 0; i < sizeof data; i++) data[i] = i * 3;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        long s = sendto(two, data, sizes[i], 0, (void*)&a, sizeof a);
        long r = recv(one, back, sizeof back, 0);
        say("%d: %ld %ld %d\n", sizes[i], s, r, r >= 0 && memcmp(data, back, r) == 0);
    }
    struct iovec v[3] = {{"x", 1}, {"yy", 2}, {"zzz", 3}};
    struct mmsghdr m[3] = {{{0}, 0}};
    for (int i = 0; i < 3; i++)
        m[i].msg_hdr =
            (struct msghdr){.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &v[i], .msg_iovlen = 1};
    NUM(sendmmsg(two, m, 3, 0));
    for (int i = 0; i < 3; i++) NUM(recv(one, back, sizeof back, 0));
    OK(connect(one, (void*)&b, sizeof b));
    OK(connect(two, (void*)&a, sizeof a));
    int wrong = 0;
    for (int i = 0; i < 1000; i++) {
        int got = -1;
        send(one, &i, sizeof i, 0);
        recv(two, &got, sizeof got, 0);
        wrong += got != i;
    }
    NUM(wrong);
    OK(shutdown(one, SHUT_RD));
    NUM(recv(one, back, 1, 0));
    return 0;
}
