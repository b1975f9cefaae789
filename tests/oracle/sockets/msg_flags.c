// MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC, MSG_NOSIGNAL and unknown flags on a Unix stream.
#include "oracle.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    int pair[2], n = -1;
    char text[16] = "";
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    OK(recv(pair[0], text, 5, MSG_DONTWAIT));
    send(pair[1], "abcdef", 6, 0);
    NUM(recv(pair[0], text, 3, MSG_PEEK));
    NUM(recv(pair[0], text, 10, MSG_PEEK));
    STR(text);
    OK(ioctl(pair[0], FIONREAD, &n));
    NUM(n);
    OK(ioctl(pair[1], TIOCOUTQ, &n));
    YES(n >= 0);
    NUM(recv(pair[0], text, 4, MSG_WAITALL));
    pid_t p = CHILD(sleep_ms(10); send(pair[1], "gh", 2, 0); sleep_ms(10); send(pair[1], "ijkl", 4, 0));
    memset(text, 0, sizeof text);
    NUM(recv(pair[0], text, 8, MSG_WAITALL));
    STR(text);
    reap("child", p);
    send(pair[1], "xyz", 3, 0);
    close(pair[1]);
    NUM(recv(pair[0], text, 10, MSG_WAITALL));
    NUM(recv(pair[0], text, 10, 0));
    NUM(recv(pair[0], text, 0, 0));
    OK(send(pair[0], "x", 1, MSG_NOSIGNAL));
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    OK(send(pair[0], "x", 1, MSG_OOB | 0) * 0);
    OK(recv(pair[0], BAD, 1, MSG_DONTWAIT));
    OK(send(pair[0], BAD, 1, 0));
    OK(send(-1, "x", 1, 0));
    static char block[400000];
    NUM(send(pair[0], block, sizeof block, MSG_DONTWAIT) > 0);
    int last = 0;
    while (send(pair[0], block, sizeof block, MSG_DONTWAIT) > 0) {
    }
    last = errno;
    STR(errno_name(last));
    return 0;
}
