// SIGIO of pipes, sockets and terminals, SIGURG of sockets: who gets them, when, and what they say.
#include "oracle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

static sigset_t watched;

static void signal_within(const char* what, struct timespec wait) {
    siginfo_t info;
    int number = sigtimedwait(&watched, &info, &wait);
    if (number < 0)
        say("%s: none\n", what);
    else if (info.si_code > 0 && info.si_code < 0x80)
        say("%s: %s code %d band 0x%lx\n", what, signal_name(number), info.si_code,
            (unsigned long)info.si_band);
    else
        say("%s: %s\n", what, signal_name(number));
}

static void next_signal(const char* what) {
    signal_within(what, (struct timespec){10, 0});
}

static void no_signal(const char* what) {
    signal_within(what, (struct timespec){0, 50000000});
}

static void watch(int fd, int number) {
    MUST(fcntl(fd, F_SETOWN, getpid()));
    MUST(fcntl(fd, F_SETSIG, number));
    MUST(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK));
}

static void pipes(void) {
    int ends[2];
    char c;
    MUST(pipe(ends));
    watch(ends[0], SIGRTMIN);
    watch(ends[1], SIGRTMIN + 1);
    HEX(fcntl(ends[0], F_GETFL) & O_ASYNC);
    write(ends[1], "ab", 2);
    next_signal("written");
    read(ends[0], &c, 1);
    next_signal("read");
    MUST(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    close(ends[1]);
    next_signal("writer closed");
}

static void sockets(void) {
    int server = MUST(socket(AF_INET, SOCK_STREAM, 0)), client = MUST(socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    MUST(bind(server, (void*)&address, length));
    MUST(listen(server, 1));
    MUST(getsockname(server, (void*)&address, &length));
    watch(server, SIGRTMIN);
    MUST(connect(client, (void*)&address, length));
    next_signal("connected");
    int accepted = MUST(accept(server, NULL, NULL));
    MUST(fcntl(server, F_SETFL, 0));
    int owner = getpid();
    OK(ioctl(accepted, FIOSETOWN, &owner));
    owner = 0;
    OK(ioctl(accepted, SIOCGPGRP, &owner));
    YES(owner == getpid());
    MUST(send(client, "u", 1, MSG_OOB));
    next_signal("urgent");
    MUST(send(client, "x", 1, 0));
    no_signal("data without O_ASYNC");
    OK(ioctl(accepted, FIOASYNC, &(int){1}));
    MUST(send(client, "x", 1, 0));
    next_signal("data");
    OK(ioctl(accepted, FIOASYNC, &(int){0}));
}

static void terminals(void) {
    int master, slave;
    struct termios raw;
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    watch(slave, SIGRTMIN);
    write(master, "x", 1);
    next_signal("typed");
}

static void owners(void) {
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    MUST(fcntl(pair[0], F_SETFL, O_ASYNC));
    write(pair[1], "x", 1);
    no_signal("without an owner");
    struct gate ready = gate_new();
    pid_t child = CHILD(gate_pass(&ready); next_signal("child"));
    gate_wait(&ready);
    OK(fcntl(pair[0], F_SETOWN, child));
    write(pair[1], "x", 1);
    reap("child", child);
    write(pair[1], "x", 1);
    no_signal("owner gone");
    OK(fcntl(pair[0], F_SETOWN, -getpgrp()));
    write(pair[1], "x", 1);
    next_signal("group");
    OK(fcntl(pair[0], F_SETOWN, 0));
    NUM(fcntl(pair[0], F_GETOWN));
    write(pair[1], "x", 1);
    no_signal("owner taken away");
    OK(fcntl(pair[0], F_SETOWN, INT_MIN));
    OK(fcntl(pair[0], F_SETOWN, -999999));
    OK(fcntl(pair[0], F_SETOWN_EX, &(struct f_owner_ex){9, 1}));
    OK(fcntl(pair[0], F_SETOWN_EX, BAD));
    OK(fcntl(pair[0], F_GETOWN_EX, BAD));
    OK(fcntl(pair[0], F_SETSIG, -1));
}

int main(void) {
    setpgid(0, 0);
    sigemptyset(&watched);
    sigaddset(&watched, SIGIO);
    sigaddset(&watched, SIGURG);
    sigaddset(&watched, SIGRTMIN);
    sigaddset(&watched, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    pipes();
    sockets();
    terminals();
    owners();
    int file = MUST(open("/dev/null", O_RDONLY));
    OK(ioctl(file, FIOASYNC, &(int){1}));
    OK(fcntl(file, F_SETFL, O_ASYNC));
    HEX(fcntl(file, F_GETFL) & O_ASYNC);
    return 0;
}
