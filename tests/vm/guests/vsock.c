// A program that talks over vsock: its first argument says what it does, the second is a port. It ends with 0
// when all came as it must; else it says what did not.
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            printf("line %d: does not hold: %s (%s)\n", __LINE__, #condition, strerror(errno)); \
            exit(1);                                                                            \
        }                                                                                       \
    } while (0)

static struct sockaddr_vm address(unsigned context, unsigned port) {
    struct sockaddr_vm result = {.svm_family = AF_VSOCK, .svm_cid = context, .svm_port = port};
    return result;
}

static int connect_to(unsigned port) {
    int connection = socket(AF_VSOCK, SOCK_STREAM, 0);
    struct sockaddr_vm host = address(VMADDR_CID_HOST, port);
    CHECK(connection >= 0);
    if (connect(connection, (struct sockaddr*)&host, sizeof(host)) != 0) return -1;
    return connection;
}

static int listen_on(unsigned port) {
    int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
    struct sockaddr_vm own = address(VMADDR_CID_ANY, port);
    CHECK(bind(listener, (struct sockaddr*)&own, sizeof(own)) == 0);
    CHECK(listen(listener, 1) == 0);
    return listener;
}

static unsigned own_context(void) {
    unsigned context = 0;
    int control = open("/dev/vsock", O_RDONLY);
    CHECK(control >= 0 && ioctl(control, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &context) == 0);
    return context;
}

/// Sends back what comes until the other side sends no more.
static void echo(int connection) {
    static char bytes[50000];
    for (;;) {
        ssize_t length = recv(connection, bytes, sizeof(bytes), 0);
        CHECK(length >= 0);
        if (length == 0) return;
        CHECK(send(connection, bytes, length, 0) == length);
    }
}

static void do_connect(unsigned port) {
    int connection = connect_to(port);
    CHECK(connection >= 0);
    struct sockaddr_vm name;
    socklen_t length = sizeof(name);
    CHECK(getsockname(connection, (struct sockaddr*)&name, &length) == 0 && name.svm_port >= 1024);
    CHECK(getpeername(connection, (struct sockaddr*)&name, &length) == 0);
    CHECK(name.svm_cid == VMADDR_CID_HOST && name.svm_port == port);
    echo(connection);
    CHECK(shutdown(connection, SHUT_WR) == 0);
    CHECK(send(connection, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    close(connection);
}

static void do_listen(unsigned port) {
    int listener = listen_on(port);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_vm peer;
        socklen_t length = sizeof(peer);
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        CHECK(poll(&wait, 1, -1) == 1 && wait.revents == POLLIN);
        int connection = accept(listener, (struct sockaddr*)&peer, &length);
        CHECK(connection >= 0 && peer.svm_cid == VMADDR_CID_HOST);
        CHECK(getsockname(connection, (struct sockaddr*)&peer, &length) == 0);
        CHECK(peer.svm_cid == own_context() && peer.svm_port == port);
        echo(connection);
        close(connection);
    }
}

static void do_refused(unsigned port) {
    CHECK(connect_to(port) == -1 && errno == ECONNRESET);
}

static void do_silent(unsigned port) {
    CHECK(connect_to(port) == -1 && errno == ETIMEDOUT);
    int connection = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
    struct sockaddr_vm host = address(VMADDR_CID_HOST, port);
    struct pollfd wait = {.fd = connection, .events = POLLOUT};
    socklen_t length = sizeof(error);
    CHECK(connect(connection, (struct sockaddr*)&host, sizeof(host)) == -1 && errno == EINPROGRESS);
    CHECK(connect(connection, (struct sockaddr*)&host, sizeof(host)) == -1 && errno == EALREADY);
    CHECK(poll(&wait, 1, -1) == 1 && (wait.revents & POLLERR) != 0);
    CHECK(getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ETIMEDOUT);
}

/// The host breaks the rules of a connection: it is reset, and a new one works.
static void do_broken(unsigned port) {
    int connection = connect_to(port);
    char bytes[10];
    CHECK(connection >= 0);
    ssize_t length;
    struct pollfd wait = {.fd = connection, .events = 0};
    CHECK(poll(&wait, 1, -1) == 1 && (wait.revents & POLLERR) != 0);
    while ((length = recv(connection, bytes, sizeof(bytes), 0)) > 0) continue;
    CHECK(length == -1 && errno == ECONNRESET);
    close(connection);
    connection = connect_to(port + 1);
    CHECK(connection >= 0);
    echo(connection);
}

static void do_none(unsigned port) {
    CHECK(connect_to(port) == -1 && errno == ENODEV);
    CHECK(access("/dev/vsock", F_OK) == -1);
    int listener = listen_on(port);
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    CHECK(poll(&wait, 1, 10) == 0);
}

int main(int count, char** arguments) {
    static const struct {
        const char* name;
        void (*run)(unsigned port);
    } all[] = {{"connect", do_connect}, {"listen", do_listen}, {"refused", do_refused},
               {"silent", do_silent},   {"broken", do_broken}, {"none", do_none}};
    if (count < 3) return 2;
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, arguments[1]) != 0) continue;
        all[i].run(strtoul(arguments[2], NULL, 10));
        return 0;
    }
    return 2;
}
