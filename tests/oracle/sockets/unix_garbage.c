// Sockets that were sent through each other and closed on all sides disappear, and what they carried with
// them.
#include "oracle.h"

#include <sys/socket.h>
static void give(int s, int fd) {
    char control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec v = {"x", 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    MUST(sendmsg(s, &m, 0));
}
int main(void) {
    int a[2], ends[2];
    pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, a);
    give(a[0], ends[1]);
    close(ends[1]);
    close(a[0]);
    close(a[1]);
    struct pollfd p = {ends[0], POLLIN, 0};
    say("queued in a closed socket: %d\n", poll(&p, 1, 5000));
    pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, a);
    give(a[0], a[0]);
    give(a[0], a[1]);
    give(a[1], a[0]);
    give(a[1], ends[1]);
    close(ends[1]);
    close(a[0]);
    close(a[1]);
    p.fd = ends[0];
    for (int i = 0; i < 200 && poll(&p, 1, 0) == 0; i++) {  // further traffic gives the collector its chance
        int b[2];
        socketpair(AF_UNIX, SOCK_STREAM, 0, b);
        give(b[0], b[0]);
        close(b[0]);
        close(b[1]);
        sleep_ms(5);
    }
    say("in a cycle: %d\n", poll(&p, 1, 0));
    return 0;
}
