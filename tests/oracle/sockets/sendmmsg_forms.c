// sendmmsg and recvmmsg: several datagrams in one call, the timeout, partial success.
#include "oracle.h"

#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    struct iovec out[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}}, in[4];
    static char buffers[4][8];
    struct mmsghdr s[3] = {{{0}, 0}}, r[4] = {{{0}, 0}};
    for (int i = 0; i < 3; i++) s[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
    for (int i = 0; i < 4; i++) {
        in[i] = (struct iovec){buffers[i], 7};
        r[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
    }
    NUM(sendmmsg(pair[0], s, 3, 0));
    for (int i = 0; i < 3; i++) say("%u ", s[i].msg_len);
    say("\n");
    NUM(recvmmsg(pair[1], r, 2, 0, NULL));
    NUM(recvmmsg(pair[1], r + 2, 2, MSG_DONTWAIT, NULL));
    for (int i = 0; i < 3; i++) say("%u %s\n", r[i].msg_len, buffers[i]);
    OK(recvmmsg(pair[1], r, 2, MSG_DONTWAIT, NULL));
    sendmmsg(pair[0], s, 2, 0);
    NUM(recvmmsg(pair[1], r, 4, MSG_WAITFORONE, NULL));
    struct timespec bad = {0, -1};
    OK(recvmmsg(pair[1], r, 1, 0, &bad));
    s[1].msg_hdr.msg_iov = BAD;
    NUM(sendmmsg(pair[0], s, 3, 0));
    OK(sendmmsg(pair[0], s + 1, 1, 0));
    NUM(sendmmsg(pair[0], s, 0, 0));
    OK(sendmmsg(99, s, 1, 0));
    OK(recvmmsg(pair[1], BAD, 1, MSG_DONTWAIT, NULL));
    return 0;
}
