// IP_PKTINFO, IP_RECVTTL and SO_TIMESTAMP give control messages with a datagram.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int s = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    OK(setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
    OK(setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on));
    OK(setsockopt(s, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
    bind(s, (void*)&a, sizeof a);
    getsockname(s, (void*)&a, &length);
    int c = socket(AF_INET, SOCK_DGRAM, 0), ttl = 33;
    OK(setsockopt(c, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl));
    sendto(c, "x", 1, 0, (void*)&a, sizeof a);
    char text[8], control[512];
    struct iovec v = {text, sizeof text};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    NUM(recvmsg(s, &m, 0));
    int info = 0, stamp = 0, got_ttl = 0;
    for (struct cmsghdr* h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
        if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo p;
            memcpy(&p, CMSG_DATA(h), sizeof p);
            info = p.ipi_addr.s_addr == htonl(INADDR_LOOPBACK) && p.ipi_ifindex == 1;
        }
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMP) {
            struct timeval tv;
            memcpy(&tv, CMSG_DATA(h), sizeof tv);
            stamp = llabs(tv.tv_sec - (long long)time(NULL)) <= 1;
        }
        if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TTL)
            memcpy(&got_ttl, CMSG_DATA(h), sizeof got_ttl);
    }
    say("info %d stamp %d ttl %d\n", info, stamp, got_ttl);
    sendto(c, "y", 1, 0, (void*)&a, sizeof a);
    m.msg_controllen = 10;
    NUM(recvmsg(s, &m, 0));
    YES(m.msg_flags & MSG_CTRUNC);
    return 0;
}
