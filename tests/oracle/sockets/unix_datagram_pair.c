// A pair of Unix datagram sockets: the sender waits while the receiver is full; poll tells; a closed end
// refuses.
#include "oracle.h"

#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    char text[64] = "";
    NUM(send(pair[0], "one", 3, 0));
    NUM(write(pair[0], "two", 3));
    NUM(read(pair[1], text, 2));
    NUM(read(pair[1], text, sizeof text));
    static char block[4000];
    int sent = 0;
    while (send(pair[0], block, sizeof block, MSG_DONTWAIT) == sizeof block) sent++;
    STR(errno_name(errno));
    YES(sent >= 1);
    struct pollfd p = {pair[0], POLLOUT, 0};
    NUM(poll(&p, 1, 0));
    struct gate go = gate_new();
    pid_t c = CHILD({
        gate_pass(&go);
        long n = send(pair[0], "waited", 6, 0);
        _exit(n == 6 ? 3 : 4);
    });
    gate_wait(&go);
    for (int i = 0; i < sent; i++) recv(pair[1], block, sizeof block, 0);
    NUM(recv(pair[1], block, sizeof block, 0));
    reap("sender", c);
    close(pair[1]);
    OK(send(pair[0], "x", 1, 0));
    NUM(poll(&p, 1, 0));
    OK(recv(pair[0], text, 1, MSG_DONTWAIT));
    return 0;
}
