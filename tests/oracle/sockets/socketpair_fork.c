// A socket pair between processes: both directions, half-closed ends seen only when the last copy goes.
#include "oracle.h"

#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pid_t p = CHILD({
        close(pair[0]);
        char text[64];
        ssize_t n;
        while ((n = read(pair[1], text, sizeof text)) > 0) {
            for (ssize_t i = 0; i < n; i++) text[i] ^= 0x20;
            write(pair[1], text, n);
        }
        say("child saw the end: %zd\n", n);
    });
    close(pair[1]);
    char text[16] = "";
    NUM(write(pair[0], "Hello", 5));
    NUM(recv(pair[0], text, 5, MSG_WAITALL));
    STR(text);
    close(pair[0]);
    reap("child", p);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct gate go = gate_new();
    p = CHILD({
        close(pair[0]);
        gate_wait(&go);
    });
    close(pair[1]);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    OK(read(pair[0], text, 1));
    gate_pass(&go);
    reap("child", p);
    NUM(read(pair[0], text, 1));
    return 0;
}
