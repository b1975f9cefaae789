// accept at the descriptor limit: EMFILE, and the connection is still there afterwards.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    connect(client, (void*)&a, sizeof a);
    write(client, "kept", 4);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 20;
    setrlimit(RLIMIT_NOFILE, &limit);
    int last = -1;
    for (int fd; (fd = dup(0)) >= 0;) last = fd;
    OK(accept(server, NULL, NULL));
    OK(accept(server, NULL, NULL));
    close(last);
    int peer = OK(accept(server, NULL, NULL));
    char text[8] = "";
    NUM(recv(peer, text, 4, MSG_WAITALL));
    STR(text);
    return 0;
}
