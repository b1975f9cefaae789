// Abstract names: any bytes, of a given length, gone with the last descriptor; autobind.
#include "oracle.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX}, b;
    socklen_t n = offsetof(struct sockaddr_un, sun_path), length;
    int id = snprintf(a.sun_path + 1, 90, "oracle-%d", getpid()) + 1;
    a.sun_path[id] = 0;
    a.sun_path[id + 1] = 'x';
    int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(bind(s, (void*)&a, n + id + 2));
    OK(listen(s, 5));
    OK(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&a, n + id + 2));
    OK(bind(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), (void*)&a, n + id + 2));
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&a, n + id));
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&a, n + id + 1));
    int c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(connect(c, (void*)&a, n + id + 2));
    length = sizeof b;
    OK(getpeername(c, (void*)&b, &length));
    YES(length == n + id + 2 && memcmp(&a, &b, length) == 0);
    int copy = dup(s);
    close(s);
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&a, n + id + 2));
    close(copy);
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&a, n + id + 2));
    s = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
    b.sun_family = AF_UNIX;
    OK(bind(s, (void*)&b, 2));
    length = sizeof b;
    OK(getsockname(s, (void*)&b, &length));
    NUM(length);
    YES(b.sun_path[0] == 0 && strspn(b.sun_path + 1, "0123456789abcdef") >= 5);
    char path[64];
    snprintf(path, sizeof path, "@oracle");
    memset(&b, 0, sizeof b);
    b.sun_family = AF_UNIX;
    OK(bind(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), (void*)&b, n + 108));
    OK(bind(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), (void*)&b, n + 109));
    return 0;
}
