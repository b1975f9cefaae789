// timerfd: relative, absolute, periodic, counting, reading back, polling, errors.
#include "oracle.h"

#include <sys/timerfd.h>
int main(void) {
    uint64_t v = 0;
    struct itimerspec spec = {{0, 0}, {0, 10000000}}, left;
    OK(timerfd_create(77, 0));
    OK(timerfd_create(CLOCK_MONOTONIC, 0x1000));
    OK(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    OK(timerfd_create(CLOCK_BOOTTIME, 0));
    int fd = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    NUM(fcntl(fd, F_GETFD));
    OK(read(fd, &v, 8));
    OK(read(fd, &v, 4));
    OK(timerfd_settime(fd, 0, &spec, NULL));
    OK(read(fd, &v, 8));
    struct pollfd p = {fd, POLLIN, 0};
    NUM(poll(&p, 1, 5000));
    NUM(read(fd, &v, 8));
    NUM(v);
    OK(read(fd, &v, 8));
    OK(timerfd_gettime(fd, &left));
    YES(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    spec = (struct itimerspec){{0, 2000000}, {0, 2000000}};
    OK(timerfd_settime(fd, 0, &spec, NULL));
    sleep_ms(30);
    NUM(read(fd, &v, 8));
    YES(v >= 8 && v < 5000);
    spec = (struct itimerspec){{7, 0}, {100, 0}};
    OK(timerfd_settime(fd, 0, &spec, &left));
    YES(left.it_interval.tv_nsec == 2000000);
    OK(timerfd_gettime(fd, &left));
    YES(left.it_value.tv_sec == 99 && left.it_interval.tv_sec == 7);
    clock_gettime(CLOCK_MONOTONIC, &spec.it_value);
    spec.it_interval = (struct timespec){0, 0};
    OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL));
    NUM(poll(&p, 1, 5000));
    OK(timerfd_settime(fd, 0, &(struct itimerspec){0}, NULL));
    NUM(poll(&p, 1, 0));
    OK(read(fd, &v, 8));
    spec.it_value = (struct timespec){0, 1000000000};
    OK(timerfd_settime(fd, 0, &spec, NULL));
    spec.it_value = (struct timespec){-1, 0};
    OK(timerfd_settime(fd, 0, &spec, NULL));
    OK(timerfd_settime(fd, 0x100, &left, NULL));
    OK(timerfd_settime(99, 0, &left, NULL));
    OK(timerfd_settime(0, 0, &left, NULL));
    OK(timerfd_gettime(0, &left));
    OK(syscall(SYS_timerfd_settime, fd, 0, BAD, NULL));
    OK(write(fd, &v, 8));
    int real = OK(timerfd_create(CLOCK_REALTIME, 0));
    spec = (struct itimerspec){{0, 0}, {1, 0}};
    OK(timerfd_settime(real, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL));
    NUM(read(real, &v, 8));
    NUM(v);
    return 0;
}
