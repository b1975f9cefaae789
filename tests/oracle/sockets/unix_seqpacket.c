// Unix seqpacket: connected, with boundaries, MSG_EOR, truncation and end of stream.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    scratch();
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "a"};
    int server = MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0)), client = MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    bind(server, (void*)&a, sizeof a);
    listen(server, 5);
    OK(send(client, "x", 1, MSG_NOSIGNAL));
    OK(connect(client, (void*)&a, sizeof a));
    int peer = OK(accept(server, NULL, NULL));
    NUM(send(client, "first", 5, MSG_EOR));
    NUM(send(client, "second", 6, 0));
    NUM(send(client, "", 0, 0));
    NUM(send(client, "third", 5, 0));
    char text[32];
    struct iovec v = {text, 3};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    NUM(recvmsg(peer, &m, 0));
    say("truncated %d end of record %d\n", !!(m.msg_flags & MSG_TRUNC), !!(m.msg_flags & MSG_EOR));
    v.iov_len = sizeof text;
    NUM(recvmsg(peer, &m, 0));
    say("truncated %d\n", !!(m.msg_flags & MSG_TRUNC));
    NUM(recv(peer, text, sizeof text, 0));
    NUM(recv(peer, text, sizeof text, MSG_PEEK));
    NUM(recv(peer, text, sizeof text, 0));
    close(client);
    NUM(recv(peer, text, sizeof text, 0));
    OK(send(peer, "x", 1, MSG_NOSIGNAL));
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    NUM(write(pair[0], "pair", 4));
    NUM(read(pair[1], text, 2));
    OK(recv(pair[1], text, 2, MSG_DONTWAIT));
    return 0;
}
