// Unix stream sockets: bind, listen, connect, accept, names, end of stream, EPIPE.
#include "oracle.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    scratch();
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"}, other;
    socklen_t length = sizeof other;
    int server = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), client = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(connect(client, (void*)&address, sizeof address));
    OK(bind(server, (void*)&address, sizeof address));
    OK(bind(server, (void*)&address, sizeof address));
    OK(connect(client, (void*)&address, sizeof address));
    OK(accept(server, NULL, NULL));
    OK(listen(server, 5));
    OK(connect(client, (void*)&address, sizeof address));
    OK(connect(client, (void*)&address, sizeof address));
    int peer = OK(accept4(server, (void*)&other, &length, SOCK_CLOEXEC));
    NUM(length);
    NUM(fcntl(peer, F_GETFD));
    length = sizeof other;
    OK(getpeername(client, (void*)&other, &length));
    say("%d %s %d\n", other.sun_family == AF_UNIX, other.sun_path,
        length == offsetof(struct sockaddr_un, sun_path) + 7);
    length = sizeof other;
    OK(getsockname(peer, (void*)&other, &length));
    STR(other.sun_path);
    length = sizeof other;
    OK(getsockname(client, (void*)&other, &length));
    NUM(length);
    char text[32] = "";
    NUM(write(client, "hello ", 6));
    NUM(send(client, "world", 5, 0));
    NUM(read(peer, text, sizeof text));
    STR(text);
    OK(getpeername(server, (void*)&other, &length));
    OK(shutdown(server, 9));
    OK(shutdown(socket(AF_UNIX, SOCK_STREAM, 0), SHUT_RD));
    write(peer, "last", 4);
    close(peer);
    NUM(read(client, text, sizeof text));
    NUM(read(client, text, sizeof text));
    OK(send(client, "x", 1, MSG_NOSIGNAL));
    RUNS("SIGPIPE", send(client, "x", 1, 0));
    unlink("socket");
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    put_file("socket", "");
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    OK(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    OK(accept4(server, NULL, NULL, 0x100));
    fcntl(server, F_SETFL, O_NONBLOCK);
    OK(accept(server, NULL, NULL));
    return 0;
}
