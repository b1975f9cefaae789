// poll: what is ready, POLLNVAL, POLLHUP, POLLERR, negative descriptors, timeouts, errors.
#include "oracle.h"

static void show(const char* what, int fd, short events) {
    struct pollfd p = {fd, events, 0};
    int n = poll(&p, 1, 0);
    say("%s: %d%s%s%s%s%s%s\n", what, n, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
        p.revents & POLLHUP ? " HUP" : "", p.revents & POLLERR ? " ERR" : "",
        p.revents & POLLNVAL ? " NVAL" : "", p.revents & POLLPRI ? " PRI" : "");
}
int main(void) {
    scratch();
    put_file("f", "x");
    int ends[2];
    pipe(ends);
    show("empty pipe, read end", ends[0], POLLIN | POLLOUT);
    show("empty pipe, write end", ends[1], POLLIN | POLLOUT);
    write(ends[1], "x", 1);
    show("full pipe, read end", ends[0], POLLIN);
    show("nothing asked", ends[0], 0);
    close(ends[1]);
    show("writer gone, data left", ends[0], POLLIN);
    char c;
    read(ends[0], &c, 1);
    show("writer gone", ends[0], POLLIN);
    pipe(ends);
    close(ends[0]);
    show("reader gone", ends[1], POLLOUT);
    show("closed", 99, POLLIN);
    show("negative", -5, POLLIN);
    show("file", MUST(open("f", O_RDONLY)), POLLIN | POLLOUT | POLLPRI);
    show("directory", MUST(open(".", O_RDONLY)), POLLIN | POLLOUT);
    show("null", MUST(open("/dev/null", O_RDWR)), POLLIN | POLLOUT);
    show("O_PATH", MUST(open("f", O_PATH)), POLLIN);
    long long start = now_ms();
    NUM(poll(NULL, 0, 20));
    YES(now_ms() - start >= 19);
    NUM(poll(NULL, 0, 0));
    OK(poll(BAD, 1, 0));
    struct timespec bad = {0, 1000000000}, zero = {0, 0};
    OK(ppoll(NULL, 0, &bad, NULL));
    NUM(ppoll(NULL, 0, &zero, NULL));
    struct timespec left = {5, 0};
    struct pollfd ready = {MUST(open("f", O_RDONLY)), POLLIN, 0};
    NUM(syscall(SYS_ppoll, &ready, 1, &left, NULL, 8));
    YES(left.tv_sec == 4 || left.tv_sec == 5);
    return 0;
}
