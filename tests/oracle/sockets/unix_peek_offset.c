// SO_PEEK_OFF, and peeking at datagrams and descriptors.
#include "oracle.h"

#include <sys/socket.h>
int main(void) {
    int pair[2], offset = 0;
    char text[16] = "";
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    OK(setsockopt(pair[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset));
    send(pair[1], "abcdefgh", 8, 0);
    NUM(recv(pair[0], text, 3, MSG_PEEK));
    STR(text);
    NUM(recv(pair[0], text, 3, MSG_PEEK));
    STR(text);
    socklen_t length = sizeof offset;
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PEEK_OFF, &offset, &length));
    NUM(offset);
    NUM(recv(pair[0], text, 2, 0));
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PEEK_OFF, &offset, &length));
    NUM(offset);
    memset(text, 0, sizeof text);
    NUM(recv(pair[0], text, 8, MSG_PEEK));
    STR(text);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PEEK_OFF, &offset, &length));
    NUM(offset);
    send(pair[1], "first", 5, 0);
    send(pair[1], "second", 6, 0);
    NUM(recv(pair[0], text, 3, MSG_PEEK | MSG_TRUNC));
    NUM(recv(pair[0], text, sizeof text, 0));
    NUM(recv(pair[0], text, sizeof text, 0));
    return 0;
}
