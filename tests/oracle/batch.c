// Runs many oracle programs in one machine, since a machine costs more to start than most programs to run:
//     oracle_batch SECONDS PROGRAM...
// Each gets a session of its own, no input, and what it leaves running is killed. Says on standard output
//     run PROGRAM
//     end PROGRAM STATUS OUTPUT-LENGTH ERROR-LENGTH MILLISECONDS
// with the wait(2) status, -1 when the time was over, and then the bytes of both streams.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_output = 1 << 20 };

struct stream {
    int pipe[2];
    size_t length;
    char* bytes;
};

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void write_all(const char* bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) exit(1);
        bytes += written;
        length -= (size_t)written;
    }
}

static void start(const char* program, struct stream streams[2]) {
    int nothing = open("/dev/null", O_RDONLY);
    setsid();
    dup2(nothing, STDIN_FILENO);
    dup2(streams[0].pipe[1], STDOUT_FILENO);
    dup2(streams[1].pipe[1], STDERR_FILENO);
    close_range(3, ~0u, 0);
    execl(program, program, (char*)NULL);
    _exit(127);
}

// Takes what is there; 0 at the stream's end. What is beyond the limit is read and dropped.
static int take(struct stream* stream) {
    char piece[4096];
    ssize_t got = read(stream->pipe[0], piece, sizeof(piece));
    if (got < 0 && errno == EINTR) return 1;
    if (got <= 0) return 0;
    size_t room = most_output - stream->length, kept = (size_t)got < room ? (size_t)got : room;
    memcpy(stream->bytes + stream->length, piece, kept);
    stream->length += kept;
    return 1;
}

// Until both streams are at their end. 0 when the time was over before.
static int collect(struct stream streams[2], long long deadline) {
    int open[2] = {1, 1};
    while (open[0] || open[1]) {
        struct pollfd ready[2] = {{open[0] ? streams[0].pipe[0] : -1, POLLIN, 0},
                                  {open[1] ? streams[1].pipe[0] : -1, POLLIN, 0}};
        long long left = deadline - now_ms();
        if (left <= 0) return 0;
        poll(ready, 2, left > 1000 ? 1000 : (int)left);
        for (int i = 0; i < 2; i++)
            if (ready[i].revents != 0) open[i] = take(&streams[i]);
    }
    return 1;
}

// Closing its streams need not be a program's end.
static int wait_for(pid_t child, long long deadline) {
    int status = 0;
    const struct timespec moment = {0, 5000000};
    while (waitpid(child, &status, WNOHANG) != child) {
        if (now_ms() > deadline) return -1;
        nanosleep(&moment, NULL);
    }
    return status;
}

static void run(const char* program, int seconds, struct stream streams[2]) {
    char line[4096];
    long long started = now_ms(), deadline = started + seconds * 1000LL;
    write_all(line, (size_t)snprintf(line, sizeof(line), "run %s\n", program));
    for (int i = 0; i < 2; i++) {
        if (pipe2(streams[i].pipe, O_CLOEXEC) != 0) exit(1);
        streams[i].length = 0;
    }
    pid_t child = fork();
    if (child == 0) start(program, streams);
    for (int i = 0; i < 2; i++) close(streams[i].pipe[1]);
    int status = collect(streams, deadline) ? wait_for(child, deadline) : -1;
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) continue;
    write_all(line, (size_t)snprintf(line, sizeof(line), "end %s %d %zu %zu %lld\n", program, status,
                                     streams[0].length, streams[1].length, now_ms() - started));
    for (int i = 0; i < 2; i++) {
        write_all(streams[i].bytes, streams[i].length);
        close(streams[i].pipe[0]);
    }
}

int main(int argc, char** argv) {
    struct stream streams[2];
    for (int i = 0; i < 2; i++)
        if ((streams[i].bytes = malloc(most_output)) == NULL) return 1;
    for (int i = 2; i < argc; i++) run(argv[i], atoi(argv[1]), streams);
    return 0;
}
