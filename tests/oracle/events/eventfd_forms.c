// eventfd: counter and semaphore, overflow, blocking, non-blocking, polling, errors.
#include "oracle.h"

#include <sys/eventfd.h>
static int fd;
static void* adder(void* arg) {
    sleep_ms(10);
    eventfd_write(fd, 5);
    return arg;
}
int main(void) {
    uint64_t v = 0;
    OK(eventfd(0, 0x1000));
    fd = OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
    NUM(fcntl(fd, F_GETFD));
    NUM(read(fd, &v, 8));
    NUM(v);
    OK(read(fd, &v, 8));
    OK(read(fd, &v, 4));
    OK(write(fd, &v, 4));
    v = 10;
    NUM(write(fd, &v, 8));
    NUM(write(fd, &v, 8));
    NUM(read(fd, &v, 8));
    NUM(v);
    v = UINT64_MAX;
    OK(write(fd, &v, 8));
    v = UINT64_MAX - 1;
    NUM(write(fd, &v, 8));
    v = 1;
    OK(write(fd, &v, 8));
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    NUM(poll(&p, 1, 0));
    say("in %d out %d\n", !!(p.revents & POLLIN), !!(p.revents & POLLOUT));
    v = 0;
    NUM(write(fd, &v, 8));
    char big[16];
    NUM(read(fd, big, 16));
    NUM(poll(&p, 1, 0));
    say("in %d out %d\n", !!(p.revents & POLLIN), !!(p.revents & POLLOUT));
    fd = OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    for (int i = 0; i < 3; i++) {
        v = 99;
        NUM(read(fd, &v, 8));
        NUM(v);
    }
    fd = eventfd(0, 0);
    pthread_t t;
    pthread_create(&t, NULL, adder, NULL);
    NUM(read(fd, &v, 8));
    NUM(v);
    pthread_join(t, NULL);
    RUNS("child", eventfd_write(fd, 7));
    NUM(read(fd, &v, 8));
    NUM(v);
    OK(lseek(fd, 0, SEEK_SET));
    OK(pread(fd, &v, 8, 0));
    return 0;
}
