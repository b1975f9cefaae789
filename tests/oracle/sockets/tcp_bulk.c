// Megabytes through TCP between processes, both ways at once, unharmed.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
enum { size = 4 << 20 };
static void* sender(void* arg) {
    char block[10000];
    long sent = 0;
    while (sent < size) {
        long n = size - sent < (long)sizeof block ? size - sent : (long)sizeof block;
        for (long i = 0; i < n; i++) block[i] = (sent + i) * 7 >> 5;
        for (long at = 0; at < n;) {
            long r = write((int)(long)arg, block + at, n - at);
            if (r <= 0) return NULL;
            at += r;
        }
        sent += n;
    }
    shutdown((int)(long)arg, SHUT_WR);
    return NULL;
}
static void both(const char* who, int s) {
    pthread_t t;
    pthread_create(&t, NULL, sender, (void*)(long)s);
    char block[7777];
    long got = 0, wrong = 0;
    for (long n; (n = read(s, block, sizeof block)) > 0; got += n)
        for (long i = 0; i < n; i++) wrong += block[i] != (char)((got + i) * 7 >> 5);
    pthread_join(t, NULL);
    say("%s: %ld bytes, %ld wrong\n", who, got, wrong);
}
int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    struct gate go = gate_new();
    pid_t p = CHILD({
        int c = socket(AF_INET, SOCK_STREAM, 0);
        MUST(connect(c, (void*)&a, sizeof a));
        close(server);
        pthread_t t;
        pthread_create(&t, NULL, sender, (void*)(long)c);
        char block[5000];
        long got = 0;
        for (long n; (n = read(c, block, sizeof block)) > 0;) got += n;
        pthread_join(t, NULL);
        gate_wait(&go);
        say("child: %ld bytes\n", got);
    });
    int peer = accept(server, NULL, NULL);
    both("parent", peer);
    gate_pass(&go);
    reap("child", p);
    return 0;
}
