// sendmsg and recvmsg: scattered buffers, names, lengths, and their errors.
#include "oracle.h"

#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    char a[4] = "", b[8] = "";
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"two", 3}}, in[2] = {{a, 3}, {b, 7}};
    struct msghdr m = {.msg_iov = out, .msg_iovlen = 3},
                  r = {.msg_iov = in, .msg_iovlen = 2, .msg_flags = 0x7777};
    NUM(sendmsg(pair[0], &m, 0));
    NUM(recvmsg(pair[1], &r, 0));
    say("%s %s flags %x control %zu\n", a, b, r.msg_flags, (size_t)r.msg_controllen);
    OK(sendmsg(pair[0], BAD, 0));
    OK(recvmsg(pair[1], BAD, MSG_DONTWAIT));
    m.msg_iovlen = 2000;
    OK(sendmsg(pair[0], &m, 0));
    m.msg_iovlen = 1;
    m.msg_iov = BAD;
    OK(sendmsg(pair[0], &m, 0));
    m.msg_iov = out;
    m.msg_name = "x";
    m.msg_namelen = 1;
    OK(sendmsg(pair[0], &m, 0));
    m.msg_namelen = -1;
    OK(sendmsg(pair[0], &m, 0));
    m.msg_name = NULL;
    m.msg_namelen = 0;
    m.msg_control = BAD;
    m.msg_controllen = 20;
    OK(sendmsg(pair[0], &m, 0));
    struct {
        struct cmsghdr h;
        int value;
    } control = {{.cmsg_len = 5, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}, 0};
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
    OK(sendmsg(pair[0], &m, 0));
    control.h.cmsg_len = CMSG_LEN(4);
    control.h.cmsg_type = 77;
    OK(sendmsg(pair[0], &m, 0));
    in[0].iov_base = BAD;
    send(pair[0], "later", 5, 0);
    OK(recvmsg(pair[1], &r, 0));
    NUM(recv(pair[1], b, 7, MSG_DONTWAIT));
    m.msg_control = NULL;
    m.msg_controllen = 0;
    m.msg_iovlen = 0;
    NUM(sendmsg(pair[0], &m, 0));
    return 0;
}
