// TCP and socket options: defaults, what is read back, errors.
#include "oracle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
static int get(int s, int level, int name) {
    int value = -7777;
    socklen_t length = sizeof value;
    return getsockopt(s, level, name, &value, &length) < 0 ? -errno : value;
}
static int set(int s, int level, int name, int value) {
    return setsockopt(s, level, name, &value, sizeof value);
}
int main(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0),
        six = socket(AF_INET6, SOCK_STREAM, 0);
    NUM(get(s, SOL_SOCKET, SO_TYPE));
    NUM(get(s, SOL_SOCKET, SO_DOMAIN));
    NUM(get(s, SOL_SOCKET, SO_PROTOCOL));
    NUM(get(u, SOL_SOCKET, SO_PROTOCOL));
    const int flags[] = {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST,
                         SO_OOBINLINE, SO_DONTROUTE, SO_TIMESTAMP};
    for (size_t i = 0; i < COUNT(flags); i++) {
        int before = get(s, SOL_SOCKET, flags[i]);
        int r = set(s, SOL_SOCKET, flags[i], 5);
        say("option %d: %d %d %d\n", flags[i], before, r, get(s, SOL_SOCKET, flags[i]));
    }
    NUM(get(s, IPPROTO_TCP, TCP_NODELAY));
    OK(set(s, IPPROTO_TCP, TCP_NODELAY, 1));
    NUM(get(s, IPPROTO_TCP, TCP_NODELAY));
    OK(set(s, IPPROTO_TCP, TCP_CORK, 1));
    NUM(get(s, IPPROTO_TCP, TCP_CORK));
    OK(set(s, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    NUM(get(s, IPPROTO_TCP, TCP_KEEPIDLE));
    OK(set(s, IPPROTO_TCP, TCP_KEEPINTVL, 10));
    NUM(get(s, IPPROTO_TCP, TCP_KEEPINTVL));
    OK(set(s, IPPROTO_TCP, TCP_KEEPCNT, 4));
    NUM(get(s, IPPROTO_TCP, TCP_KEEPCNT));
    OK(set(s, IPPROTO_TCP, TCP_KEEPCNT, 0));
    OK(set(s, IPPROTO_TCP, TCP_KEEPIDLE, 0));
    OK(set(s, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000));
    NUM(get(s, IPPROTO_TCP, TCP_USER_TIMEOUT));
    OK(set(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1));
    OK(set(s, IPPROTO_TCP, TCP_QUICKACK, 1));
    OK(set(s, IPPROTO_TCP, 9999, 1));
    NUM(get(s, IPPROTO_TCP, 9999));
    OK(set(u, IPPROTO_TCP, TCP_NODELAY, 1));
    NUM(get(s, IPPROTO_IP, IP_TOS));
    OK(set(s, IPPROTO_IP, IP_TOS, 0x10));
    NUM(get(s, IPPROTO_IP, IP_TOS));
    NUM(get(s, IPPROTO_IP, IP_TTL));
    OK(set(s, IPPROTO_IP, IP_TTL, 12));
    NUM(get(s, IPPROTO_IP, IP_TTL));
    OK(set(s, IPPROTO_IP, IP_TTL, 300));
    OK(set(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5));
    NUM(get(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    OK(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    struct linger l = {1, 7};
    OK(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    memset(&l, 0, sizeof l);
    socklen_t n = sizeof l;
    OK(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
    say("%d %d\n", l.l_onoff, l.l_linger);
    OK(set(s, SOL_SOCKET, SO_LINGER, 1));
    OK(set(s, SOL_SOCKET, SO_RCVBUF, 30000));
    NUM(get(s, SOL_SOCKET, SO_RCVBUF));
    OK(set(s, SOL_SOCKET, SO_SNDBUF, 30000));
    NUM(get(s, SOL_SOCKET, SO_SNDBUF));
    NUM(get(s, SOL_SOCKET, SO_RCVLOWAT));
    OK(set(s, SOL_SOCKET, SO_SNDLOWAT, 5));
    OK(set(s, SOL_SOCKET, SO_PRIORITY, 3));
    NUM(get(s, SOL_SOCKET, SO_PRIORITY));
    struct tcp_info info;
    n = sizeof info;
    OK(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &n));
    NUM(info.tcpi_state);
    return 0;
}
