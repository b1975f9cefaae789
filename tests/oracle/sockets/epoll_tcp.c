// A small server on epoll with edge triggering: echo to several clients in parallel, all closed in the end.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
enum { clients = 8, rounds = 50 };
static struct sockaddr_in a = {.sin_family = AF_INET};
static void* client(void* arg) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    char out[64], in[64];
    long good = 0;
    if (connect(s, (void*)&a, sizeof a) < 0) return NULL;
    for (int i = 0; i < rounds; i++) {
        int n = snprintf(out, sizeof out, "client %ld round %d", (long)arg, i);
        write(s, out, n);
        good += recv(s, in, n, MSG_WAITALL) == n && memcmp(in, out, n) == 0;
    }
    close(s);
    return (void*)good;
}
int main(void) {
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    MUST(bind(server, (void*)&a, sizeof a));
    MUST(listen(server, 20));
    MUST(getsockname(server, (void*)&a, &length));
    int ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN | EPOLLET, {.fd = server}}, out[16];
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, server, &e));
    pthread_t t[clients];
    for (long i = 0; i < clients; i++) pthread_create(&t[i], NULL, client, (void*)i);
    int closed = 0, accepted = 0;
    while (closed < clients) {
        int n = epoll_wait(ep, out, 16, 5000);
        if (n <= 0) break;
        for (int i = 0; i < n; i++) {
            if (out[i].data.fd == server) {
                int s;
                while ((s = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    e = (struct epoll_event){EPOLLIN | EPOLLET | EPOLLRDHUP, {.fd = s}};
                    epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
                    accepted++;
                }
                continue;
            }
            char text[256];
            ssize_t r;
            while ((r = read(out[i].data.fd, text, sizeof text)) > 0) write(out[i].data.fd, text, r);
            if (r == 0) {
                close(out[i].data.fd);
                closed++;
            }
        }
    }
    NUM(accepted);
    NUM(closed);
    long total = 0;
    for (int i = 0; i < clients; i++) {
        void* good;
        pthread_join(t[i], &good);
        total += (long)good;
    }
    NUM(total);
    return 0;
}
