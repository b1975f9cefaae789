// UDP over IPv6, mapped addresses, and the packet information of a datagram.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6}, from;
    socklen_t length = sizeof a;
    int s = OK(socket(AF_INET6, SOCK_DGRAM, 0)), on = 1, off = 0;
    OK(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
    OK(setsockopt(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on));
    OK(bind(s, (void*)&a, sizeof a));
    getsockname(s, (void*)&a, &length);
    int c = socket(AF_INET6, SOCK_DGRAM, 0);
    a.sin6_addr = in6addr_loopback;
    NUM(sendto(c, "six", 3, 0, (void*)&a, sizeof a));
    char text[32] = "", control[256];
    struct iovec v = {text, sizeof text - 1};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_name = &from,
                       .msg_namelen = sizeof from,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    NUM(recvmsg(s, &m, 0));
    STR(text);
    YES(memcmp(&from.sin6_addr, &in6addr_loopback, 16) == 0);
    struct cmsghdr* h = CMSG_FIRSTHDR(&m);
    YES(h && h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO &&
        memcmp(CMSG_DATA(h), &in6addr_loopback, 16) == 0);
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = a.sin6_port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int old = socket(AF_INET, SOCK_DGRAM, 0);
    NUM(sendto(old, "four", 4, 0, (void*)&four, sizeof four));
    length = sizeof from;
    NUM(recvfrom(s, text, sizeof text, 0, (void*)&from, &length));
    YES(IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
    NUM(sendto(s, "back", 4, 0, (void*)&from, sizeof from));
    NUM(recv(old, text, sizeof text, 0));
    OK(sendto(c, "x", 1, 0, (void*)&four, sizeof four));
    return 0;
}
