// SCM_RIGHTS: descriptors travel with a message: several, truncated, unclaimed, with close-on-exec, and
// themselves.
#include "oracle.h"

#include <sys/socket.h>
static long send_fds(int s, int* fds, int n, const char* text) {
    char control[CMSG_SPACE(sizeof(int) * 300)] = {0};
    struct iovec v = {(void*)text, strlen(text)};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    return sendmsg(s, &m, MSG_NOSIGNAL);
}
static int take(int s, int* fds, size_t room, int flags) {
    char text[64] = "", control[CMSG_SPACE(sizeof(int) * 10)];
    struct iovec v = {text, sizeof text - 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
    long r = recvmsg(s, &m, flags);
    int n = 0;
    for (struct cmsghdr* c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_type == SCM_RIGHTS) {
            n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(c), n * sizeof(int));
        }
    say("received %ld \"%s\" descriptors %d truncated %d\n", r, text, n, !!(m.msg_flags & MSG_CTRUNC));
    return n;
}
int main(void) {
    scratch();
    put_file("f", "0123456789");
    int pair[2], fds[10], got[10];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int i = 0; i < 3; i++) fds[i] = MUST(open("f", O_RDONLY));
    lseek(fds[0], 5, SEEK_SET);
    NUM(send_fds(pair[0], fds, 3, "three"));
    NUM(send(pair[0], " and text", 9, 0));
    take(pair[1], got, 200, 0);
    YES(got[0] != fds[0]);
    NUM(lseek(got[0], 0, SEEK_CUR));
    lseek(got[0], 7, SEEK_SET);
    NUM(lseek(fds[0], 0, SEEK_CUR));
    take(pair[1], got, 200, 0);
    send_fds(pair[0], fds, 3, "short");
    take(pair[1], got, CMSG_SPACE(sizeof(int)), 0);
    send_fds(pair[0], fds, 1, "none");
    take(pair[1], got, 0, 0);
    send_fds(pair[0], fds, 1, "cloexec");
    take(pair[1], got, 200, MSG_CMSG_CLOEXEC);
    NUM(fcntl(got[0], F_GETFD));
    send_fds(pair[0], fds, 1, "A");
    send_fds(pair[0], fds + 1, 1, "B");
    take(pair[1], got, 200, 0);
    take(pair[1], got, 200, 0);
    int ends[2];
    pipe(ends);
    char many_bytes[4];
    send_fds(pair[0], &ends[1], 1, "lost");
    close(ends[1]);
    char c;
    recv(pair[1], &many_bytes, 4, 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    NUM(read(ends[0], &c, 1));
    send_fds(pair[0], &pair[1], 1, "itself");
    RUNS("child", {
        take(pair[1], got, 200, 0);
        send_fds(pair[1], fds, 1, "back");
    });
    take(pair[0], got, 200, 0);
    NUM(pread(got[0], &c, 1, 4));
    int bad = 99;
    OK(send_fds(pair[0], &bad, 1, "bad"));
    int many[300];
    for (int i = 0; i < 300; i++) many[i] = fds[0];
    OK(send_fds(pair[0], many, 254, "too many"));
    NUM(send_fds(pair[0], many, 253, "most"));
    close(pair[0]);
    close(pair[1]);
    return 0;
}
