// Unix datagrams: boundaries, truncation, addresses, connecting, a full receiver, a missing one.
#include "oracle.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    scratch();
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "a"},
                       b = {.sun_family = AF_UNIX, .sun_path = "b"}, from;
    socklen_t length = sizeof from;
    int one = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), two = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
    OK(bind(one, (void*)&a, sizeof a));
    char text[32] = "";
    NUM(sendto(two, "unnamed", 7, 0, (void*)&a, sizeof a));
    NUM(recvfrom(one, text, sizeof text, 0, (void*)&from, &length));
    NUM(length);
    OK(bind(two, (void*)&b, sizeof b));
    NUM(sendto(two, "first", 5, 0, (void*)&a, sizeof a));
    NUM(sendto(two, "second", 6, 0, (void*)&a, sizeof a));
    NUM(sendto(two, "", 0, 0, (void*)&a, sizeof a));
    length = sizeof from;
    NUM(recvfrom(one, text, 3, 0, (void*)&from, &length));
    STR(from.sun_path);
    NUM(recv(one, text, 3, MSG_TRUNC));
    NUM(recv(one, text, sizeof text, 0));
    OK(recv(one, text, sizeof text, MSG_DONTWAIT));
    OK(send(two, "x", 1, 0));
    OK(connect(two, (void*)&a, sizeof a));
    NUM(send(two, "x", 1, 0));
    NUM(sendto(two, "y", 1, 0, (void*)&a, sizeof a));
    int three = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
    OK(connect(one, (void*)&b, sizeof b));
    OK(sendto(three, "z", 1, 0, (void*)&a, sizeof a));
    OK(sendto(three, "z", 1, 0, (void*)&b, sizeof b));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    OK(connect(one, &none, sizeof none));
    static char big[300000];
    OK(send(two, big, sizeof big, 0));
    int sent = 0;
    while (send(two, "fill", 4, MSG_DONTWAIT) == 4) sent++;
    STR(errno_name(errno));
    YES(sent >= 5);
    close(one);
    OK(send(two, "x", 1, 0));
    OK(send(two, "x", 1, 0));
    OK(sendto(three, "x", 1, 0, (void*)&a, sizeof a));
    unlink("a");
    OK(sendto(three, "x", 1, 0, (void*)&a, sizeof a));
    OK(listen(two, 1));
    OK(accept(two, NULL, NULL));
    return 0;
}
