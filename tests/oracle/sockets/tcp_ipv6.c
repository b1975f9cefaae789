// TCP over IPv6 loopback, and the two families: v6-only, mapped addresses.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, b;
    socklen_t length = sizeof a;
    int server = OK(socket(AF_INET6, SOCK_STREAM, 0));
    OK(bind(server, (void*)&a, sizeof a));
    OK(listen(server, 5));
    OK(getsockname(server, (void*)&a, &length));
    NUM(length);
    int client = OK(socket(AF_INET6, SOCK_STREAM, 0));
    OK(connect(client, (void*)&a, sizeof a));
    int peer = OK(accept(server, (void*)&b, &length));
    YES(memcmp(&b.sin6_addr, &in6addr_loopback, 16) == 0);
    char text[8] = "";
    write(client, "v6", 2);
    NUM(recv(peer, text, 2, MSG_WAITALL));
    STR(text);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int both = OK(socket(AF_INET6, SOCK_STREAM, 0)), off = 0, on = 1;
    OK(setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
    OK(bind(both, (void*)&any, sizeof any));
    OK(setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    listen(both, 5);
    length = sizeof any;
    getsockname(both, (void*)&any, &length);
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = any.sin6_port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int old = socket(AF_INET, SOCK_STREAM, 0);
    OK(connect(old, (void*)&v4, sizeof v4));
    length = sizeof b;
    peer = OK(accept(both, (void*)&b, &length));
    YES(IN6_IS_ADDR_V4MAPPED(&b.sin6_addr));
    struct sockaddr_in c;
    length = sizeof c;
    getpeername(old, (void*)&c, &length);
    YES(c.sin_family == AF_INET && c.sin_port == any.sin6_port);
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = any.sin6_port};
    memcpy(&mapped.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    OK(connect(socket(AF_INET6, SOCK_STREAM, 0), (void*)&mapped, sizeof mapped));
    int only = socket(AF_INET6, SOCK_STREAM, 0);
    OK(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    any = (struct sockaddr_in6){.sin6_family = AF_INET6};
    OK(bind(only, (void*)&any, sizeof any));
    listen(only, 1);
    length = sizeof any;
    getsockname(only, (void*)&any, &length);
    v4.sin_port = any.sin6_port;
    OK(connect(socket(AF_INET, SOCK_STREAM, 0), (void*)&v4, sizeof v4));
    OK(connect(only, (void*)&a, 20));
    return 0;
}
