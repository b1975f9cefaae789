// Addresses of loopback: the wildcard as destination, all of 127/8, and binding one local address per client.
#include "oracle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET}, b;
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    OK(bind(server, (void*)&a, sizeof a));
    OK(listen(server, 10));
    getsockname(server, (void*)&a, &length);
    const char* targets[] = {"127.0.0.1", "127.1.2.3", "0.0.0.0", "127.255.255.254"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        a.sin_addr.s_addr = inet_addr(targets[i]);
        int c = socket(AF_INET, SOCK_STREAM, 0);
        int r = connect(c, (void*)&a, sizeof a);
        say("%s: %s", targets[i], r < 0 ? errno_name(errno) : "ok");
        if (r == 0) {
            length = sizeof b;
            getpeername(c, (void*)&b, &length);
            say(" peer %s", inet_ntoa(b.sin_addr));
            getsockname(c, (void*)&b, &length);
            say(" local %s", inet_ntoa(b.sin_addr));
            int p = accept(server, NULL, NULL);
            getsockname(p, (void*)&b, &length);
            say(" accepted at %s", inet_ntoa(b.sin_addr));
        }
        say("\n");
    }
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("127.0.0.7")};
    int c = socket(AF_INET, SOCK_STREAM, 0);
    OK(bind(c, (void*)&local, sizeof local));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    OK(connect(c, (void*)&a, sizeof a));
    length = sizeof b;
    accept(server, (void*)&b, &length);
    say("from %s\n", inet_ntoa(b.sin_addr));
    return 0;
}
