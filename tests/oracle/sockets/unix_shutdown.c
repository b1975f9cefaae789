// shutdown of either half of a Unix stream: what each side then sees, and what poll says.
#include "oracle.h"

#include <sys/socket.h>
static void show(const char* what, int s) {
    struct pollfd p = {s, POLLIN | POLLOUT | POLLRDHUP, 0};
    poll(&p, 1, 0);
    say("%s:%s%s%s%s\n", what, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
        p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLHUP ? " HUP" : "");
}
int main(void) {
    int pair[2];
    char c;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    show("new", pair[0]);
    write(pair[0], "x", 1);
    OK(shutdown(pair[0], SHUT_WR));
    show("self", pair[0]);
    show("peer", pair[1]);
    NUM(read(pair[1], &c, 1));
    NUM(read(pair[1], &c, 1));
    OK(send(pair[0], "x", 1, MSG_NOSIGNAL));
    NUM(write(pair[1], "y", 1));
    NUM(read(pair[0], &c, 1));
    OK(shutdown(pair[0], SHUT_RD));
    show("self", pair[0]);
    show("peer", pair[1]);
    NUM(read(pair[0], &c, 1));
    OK(send(pair[1], "y", 1, MSG_NOSIGNAL));
    OK(shutdown(pair[0], SHUT_RDWR));
    close(pair[0]);
    show("peer", pair[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    write(pair[1], "unread", 6);
    close(pair[0]);
    OK(read(pair[1], &c, 1));
    NUM(read(pair[1], &c, 1));
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    OK(shutdown(pair[0], SHUT_RD));
    OK(send(pair[1], "x", 1, MSG_NOSIGNAL));
    return 0;
}
