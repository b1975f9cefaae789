// Round trips between two threads, over a pipe and over TCP on loopback, and making threads.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/micro.h"

static int here[2];   // read, write of the measuring side
static int there[2];  // read, write of the echoing side
static pthread_t echo_thread;

static void* echo(void* unused) {
    char c;
    while (read(there[0], &c, 1) == 1)
        if (write(there[1], &c, 1) != 1) break;
    return unused;
}

static void start_echo(void) {
    if (pthread_create(&echo_thread, NULL, echo, NULL)) die("pthread_create");
}

static void run_round_trip(long n) {
    char c = 'x';
    while (n--)
        if (write(here[1], &c, 1) != 1 || read(here[0], &c, 1) != 1) die("round trip");
}

static void setup_pipe(void) {
    int forth[2], back[2];
    if (pipe(forth) || pipe(back)) die("pipe");
    here[0] = back[0];
    here[1] = forth[1];
    there[0] = forth[0];
    there[1] = back[1];
    start_echo();
}

static void drop_pipe(void) {
    close(here[1]);
    pthread_join(echo_thread, NULL);
    close(here[0]);
    close(there[0]);
    close(there[1]);
}

static void connect_tcp(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr*)&address, &length))
        die("listener");
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || connect(client, (struct sockaddr*)&address, sizeof address)) die("connect");
    int server = accept(listener, NULL, NULL);
    if (server < 0) die("accept");
    close(listener);
    if (setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) ||
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one))
        die("TCP_NODELAY");
    here[0] = here[1] = client;
    there[0] = there[1] = server;
}

static void setup_tcp(void) {
    connect_tcp();
    start_echo();
}

static void drop_tcp(void) {
    close(here[0]);
    pthread_join(echo_thread, NULL);
    close(there[0]);
}

enum { piece = 1 << 16 };
static char pieces[2][piece];

static void* drain(void* unused) {
    while (read(there[0], pieces[1], piece) > 0) continue;
    return unused;
}

/// Operations of 64 KiB one way.
static void run_stream(long n) {
    while (n--)
        for (size_t done = 0; done < piece;) {
            ssize_t written = write(here[1], pieces[0], piece - done);
            if (written <= 0) die("write");
            done += (size_t)written;
        }
}

static void drop_stream(void) {
    close(here[1]);
    pthread_join(echo_thread, NULL);
    close(there[0]);
}

static void setup_pipe_stream(void) {
    int ends[2];
    if (pipe(ends)) die("pipe");
    here[0] = there[1] = -1;
    here[1] = ends[1];
    there[0] = ends[0];
    if (pthread_create(&echo_thread, NULL, drain, NULL)) die("pthread_create");
}

static void setup_tcp_stream(void) {
    connect_tcp();
    if (pthread_create(&echo_thread, NULL, drain, NULL)) die("pthread_create");
}

static void* nothing(void* unused) {
    return unused;
}

static void run_thread(long n) {
    while (n--) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL)) die("thread");
    }
}

const struct bench channel_rows[] = {
    {"pipe_round_trip", "channels", setup_pipe, run_round_trip, drop_pipe, 20, 0},
    {"tcp_round_trip", "channels", setup_tcp, run_round_trip, drop_tcp, 20, 0},
    {"thread_create_join", "channels", NULL, run_thread, NULL, 20, 0},
    {"pipe_64k", "streams", setup_pipe_stream, run_stream, drop_stream, 20, 0},
    {"tcp_64k", "streams", setup_tcp_stream, run_stream, drop_stream, 20, 0},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};
