// Socket options of Unix sockets: type, domain, listening, buffers, timeouts, errors.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
static int get(int s, int name) {
    int value = -77;
    socklen_t length = sizeof value;
    return getsockopt(s, SOL_SOCKET, name, &value, &length) < 0 ? -errno : value;
}
int main(void) {
    int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    YES(get(s, SO_TYPE) == SOCK_SEQPACKET);
    YES(get(s, SO_DOMAIN) == AF_UNIX);
    NUM(get(s, SO_PROTOCOL));
    NUM(get(s, SO_ACCEPTCONN));
    NUM(get(s, SO_ERROR));
    NUM(get(s, SO_REUSEADDR));
    NUM(get(s, SO_PASSCRED));
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    bind(s, (void*)&a, 2);
    listen(s, 3);
    NUM(get(s, SO_ACCEPTCONN));
    int size = 20000;
    OK(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    NUM(get(s, SO_SNDBUF));
    size = 1;
    OK(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
    YES(get(s, SO_RCVBUF) >= 256);
    struct timeval tv = {0, 20000};
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    char c;
    long long start = now_ms();
    OK(read(pair[0], &c, 1));
    YES(now_ms() - start >= 15);
    socklen_t length = sizeof tv;
    tv = (struct timeval){0, 0};
    OK(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &length));
    YES(tv.tv_sec == 0 && tv.tv_usec >= 20000 && tv.tv_usec <= 24000);
    OK(setsockopt(pair[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
    static char block[100000];
    long n, total = 0;
    while ((n = write(pair[1], block, sizeof block)) > 0) total += n;
    STR(errno_name(errno));
    YES(total >= 50000);
    tv.tv_usec = 1000000;
    OK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    OK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, 4));
    OK(setsockopt(s, SOL_SOCKET, 9999, &size, sizeof size));
    OK(setsockopt(s, 9999, 1, &size, sizeof size));
    OK(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, BAD, sizeof size));
    OK(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &size, 1));
    OK(getsockopt(s, SOL_SOCKET, SO_TYPE, &size, BAD));
    length = 2;
    OK(getsockopt(s, SOL_SOCKET, SO_TYPE, &size, &length));
    NUM(length);
    length = -1;
    OK(getsockopt(s, SOL_SOCKET, SO_TYPE, &size, &length));
    OK(getsockopt(s, SOL_SOCKET, 9999, &size, &length));
    OK(setsockopt(99, SOL_SOCKET, SO_REUSEADDR, &size, sizeof size));
    OK(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &size, sizeof size));
    OK(setsockopt(s, SOL_SOCKET, SO_TYPE, &size, sizeof size));
    return 0;
}
