// UDP on loopback: datagrams, truncation, addresses, connect and disconnect, refused ports.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b = a, from;
    socklen_t length = sizeof a;
    int one = OK(socket(AF_INET, SOCK_DGRAM, 0)), two = OK(socket(AF_INET, SOCK_DGRAM, 0));
    OK(bind(one, (void*)&a, sizeof a));
    OK(bind(two, (void*)&b, sizeof b));
    getsockname(one, (void*)&a, &length);
    getsockname(two, (void*)&b, &length);
    char text[32] = "";
    NUM(sendto(two, "first", 5, 0, (void*)&a, sizeof a));
    NUM(sendto(two, "", 0, 0, (void*)&a, sizeof a));
    NUM(sendto(two, "third datagram", 14, 0, (void*)&a, sizeof a));
    length = sizeof from;
    int n = -1;
    OK(ioctl(one, FIONREAD, &n));
    NUM(n);
    NUM(recvfrom(one, text, sizeof text, MSG_PEEK, (void*)&from, &length));
    YES(from.sin_port == b.sin_port && length == sizeof from);
    NUM(recv(one, text, 2, 0));
    NUM(recv(one, text, sizeof text, 0));
    struct iovec v = {text, 5};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof from};
    NUM(recvmsg(one, &m, MSG_TRUNC));
    say("truncated %d name %d\n", !!(m.msg_flags & MSG_TRUNC), m.msg_namelen);
    OK(recv(one, text, 1, MSG_DONTWAIT));
    OK(send(one, "x", 1, 0));
    OK(getpeername(one, (void*)&from, &length));
    OK(connect(one, (void*)&b, sizeof b));
    OK(getpeername(one, (void*)&from, &length));
    NUM(send(one, "connected", 9, 0));
    NUM(recv(two, text, sizeof text, 0));
    int three = socket(AF_INET, SOCK_DGRAM, 0);
    NUM(sendto(three, "stranger", 8, 0, (void*)&a, sizeof a));
    OK(recv(one, text, 1, MSG_DONTWAIT));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    OK(connect(one, &none, sizeof none));
    OK(getpeername(one, (void*)&from, &length));
    getsockname(one, (void*)&from, &length);
    NUM(from.sin_port);  // a port that was not asked for by number goes with the connection
    OK(bind(one, (void*)&a, sizeof a));
    NUM(sendto(three, "stranger", 8, 0, (void*)&a, sizeof a));
    NUM(recv(one, text, sizeof text, 0));
    static char big[65508];
    OK(sendto(three, big, 65508, 0, (void*)&a, sizeof a));
    NUM(sendto(three, big, 60000, 0, (void*)&a, sizeof a));
    NUM(recv(one, big, sizeof big, 0));
    close(one);
    OK(connect(two, (void*)&a, sizeof a));
    NUM(send(two, "nobody", 6, 0));
    struct pollfd p = {two, POLLIN, 0};
    NUM(poll(&p, 1, 5000));
    YES(p.revents & POLLERR);
    OK(recv(two, text, 1, 0));
    OK(recv(two, text, 1, MSG_DONTWAIT));
    OK(bind(two, (void*)&a, sizeof a));
    a.sin_port = 0;
    OK(sendto(three, "x", 1, 0, (void*)&a, sizeof a));
    OK(sendto(three, "x", 1, 0, (void*)&a, 4));
    OK(listen(three, 1));
    OK(accept(three, NULL, NULL));
    OK(sendto(three, "x", 1, MSG_OOB, (void*)&b, sizeof b));
    return 0;
}
