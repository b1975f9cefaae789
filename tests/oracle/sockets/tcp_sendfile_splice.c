// A file to TCP by sendfile and splice, and from TCP into a file by splice.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
int main(void) {
    scratch();
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), ends[2];
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    getsockname(server, (void*)&a, &length);
    connect(client, (void*)&a, sizeof a);
    int peer = accept(server, NULL, NULL);
    enum { size = 300000 };
    static char data[size], back[size];
    for (int i = 0; i < size; i++) data[i] = i * 11 >> 4;
    int in = MUST(open("in", O_RDWR | O_CREAT, 0600)), out = MUST(open("out", O_RDWR | O_CREAT, 0600));
    write(in, data, size);
    pid_t p = CHILD({
        off_t at = 0;
        while (at < size && sendfile(client, in, &at, size - at) > 0) {
        }
        shutdown(client, SHUT_WR);
    });
    close(client);
    pipe(ends);
    long moved = 0;
    for (;;) {
        long n = splice(peer, NULL, ends[1], NULL, 65536, SPLICE_F_MOVE);
        if (n <= 0) {
            NUM(n);
            break;
        }
        for (long left = n; left > 0;) {
            long m = splice(ends[0], NULL, out, NULL, left, 0);
            if (m <= 0) return say("splice to file: %s\n", errno_name(errno)), 1;
            left -= m;
        }
        moved += n;
    }
    NUM(moved);
    reap("sender", p);
    NUM(pread(out, back, size, 0));
    YES(memcmp(data, back, size) == 0);
    return 0;
}
