// A TCP connection that is reset with data unread on its other side: the data can still be read, the error
// comes behind it, once, and the socket is not connected any more.
#include "oracle.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static void pair(int* one, int* other) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    MUST(bind(listener, (struct sockaddr*)&address, length));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr*)&address, &length));
    *one = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connect(*one, (struct sockaddr*)&address, length));
    *other = accept(listener, NULL, NULL);
    close(listener);
}

static void reset(int socket) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    MUST(setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now));
    close(socket);
}

static int error_of(int socket) {
    int error = 0;
    socklen_t length = sizeof error;
    MUST(getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length));
    return error;
}

static void read_what_is_left(const char* words, size_t room) {
    int a, b;
    char buffer[16];
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    pair(&a, &b);
    if (*words) NUM(send(a, words, strlen(words), 0));
    reset(a);
    struct pollfd one = {.fd = b, .events = POLLIN | POLLOUT};
    NUM(poll(&one, 1, 5000));
    HEX(one.revents);
    OK(getpeername(b, (struct sockaddr*)&address, &length));
    for (int i = 0; i < 4; i++) NUM(recv(b, buffer, room, MSG_DONTWAIT));
    NUM(error_of(b));
    NUM(send(b, "x", 1, MSG_NOSIGNAL));
    OK(shutdown(b, SHUT_WR));
    close(b);
}

static void ask_for_the_error_first(void) {
    int a, b;
    char buffer[16];
    pair(&a, &b);
    NUM(send(a, "words", 5, 0));
    reset(a);
    NUM(error_of(b) == ECONNRESET);
    NUM(recv(b, buffer, sizeof buffer, MSG_DONTWAIT));
    NUM(recv(b, buffer, sizeof buffer, MSG_DONTWAIT));
    close(b);
}

static void write_first(void) {
    int a, b;
    char buffer[16];
    pair(&a, &b);
    NUM(send(a, "words", 5, 0));
    reset(a);
    NUM(send(b, "x", 1, MSG_NOSIGNAL));
    NUM(send(b, "x", 1, MSG_NOSIGNAL));
    NUM(recv(b, buffer, sizeof buffer, MSG_DONTWAIT));
    close(b);
}

int main(void) {
    read_what_is_left("", 1);
    read_what_is_left("w", 1);
    read_what_is_left("words", 3);
    ask_for_the_error_first();
    write_first();
    return 0;
}
