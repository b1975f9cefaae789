// A listening socket shared by forked workers: every connection is served once, by one of them.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 50);
    getsockname(server, (void*)&a, &length);
    int* served = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t workers[3];
    for (int w = 0; w < 3; w++)
        workers[w] = CHILD(for (;;) {
            int s = accept(server, NULL, NULL);
            if (s < 0) _exit(1);
            char c;
            if (read(s, &c, 1) == 1) {
                __atomic_add_fetch(served, 1, __ATOMIC_SEQ_CST);
                c++;
                write(s, &c, 1);
            }
            close(s);
        });
    int good = 0;
    for (int i = 0; i < 30; i++) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        char x = 'a' + i % 20, y = 0;
        connect(c, (void*)&a, sizeof a);
        write(c, &x, 1);
        good += read(c, &y, 1) == 1 && y == x + 1;
        close(c);
    }
    NUM(good);
    NUM(*served);
    for (int w = 0; w < 3; w++) {
        kill(workers[w], SIGTERM);
        reap("worker", workers[w]);
    }
    return 0;
}
