// SO_PASSCRED, SCM_CREDENTIALS and SO_PEERCRED: who is at the other end, and that it cannot be forged.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
static void take(int s, pid_t who) {
    char text[32] = "", control[256];
    struct iovec v = {text, sizeof text - 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    long r = recvmsg(s, &m, 0);
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_CREDENTIALS) {
        struct ucred u;
        memcpy(&u, CMSG_DATA(c), sizeof u);
        say("%ld \"%s\" pid %d uid %d gid %d\n", r, text, u.pid == who, u.uid == getuid(), u.gid == getgid());
    } else
        say("%ld \"%s\" no credentials\n", r, text);
}
static long give(int s, struct ucred u) {
    char control[CMSG_SPACE(sizeof u)] = {0};
    struct iovec v = {"explicit", 8};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof u);
    memcpy(CMSG_DATA(c), &u, sizeof u);
    return sendmsg(s, &m, 0);
}
int main(void) {
    int pair[2], on = 1;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[0], "before", 6, 0);
    take(pair[1], 0);
    OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    send(pair[0], "after", 5, 0);
    take(pair[1], getpid());
    pid_t p = CHILD(send(pair[0], "child", 5, 0));
    take(pair[1], p);
    reap("child", p);
    struct ucred u = {getpid(), getuid(), getgid()};
    NUM(give(pair[0], u));
    take(pair[1], getpid());
    RUNS("ordinary", {
        become_ordinary();
        struct ucred own = {getpid(), getuid(), getgid()};
        NUM(give(pair[0], own));
        own.pid = 1;
        OK(give(pair[0], own));
        own = (struct ucred){getpid(), 0, getgid()};
        OK(give(pair[0], own));
    });
    socklen_t length = sizeof u;
    memset(&u, 0, sizeof u);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &u, &length));
    YES(u.pid == getpid() && u.uid == geteuid() && u.gid == getegid());
    scratch();
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "s"};
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(server, (void*)&a, sizeof a);
    listen(server, 1);
    p = CHILD(int c = socket(AF_UNIX, SOCK_STREAM, 0); connect(c, (void*)&a, sizeof a); char x;
              read(c, &x, 1));
    int peer = accept(server, NULL, NULL);
    length = sizeof u;
    OK(getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &u, &length));
    YES(u.pid == p);
    close(peer);
    reap("client", p);
    length = sizeof u;
    OK(getsockopt(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_PEERCRED, &u, &length));
    return 0;
}
