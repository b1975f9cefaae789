// Several threads accept from one socket: each connection goes to exactly one of them.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
static int server, accepted;
static void* acceptor(void* arg) {
    for (;;) {
        int s = accept(server, NULL, NULL);
        if (s < 0) break;
        char c = 0;
        read(s, &c, 1);
        write(s, &c, 1);
        close(s);
        if (c == 'q') break;
        __atomic_add_fetch(&accepted, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    server = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 50);
    getsockname(server, (void*)&a, &length);
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, acceptor, NULL);
    int answered = 0;
    for (int i = 0; i < 44; i++) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        connect(c, (void*)&a, sizeof a);
        char x = i < 40 ? 'a' : 'q', y = 0;
        write(c, &x, 1);
        answered += read(c, &y, 1) == 1 && x == y;
        close(c);
    }
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    NUM(answered);
    NUM(accepted);
    return 0;
}
