// POSIX timers: the errors.
#include "oracle.h"

int main(void) {
    timer_t timer;
    struct itimerspec spec = {{0, 0}, {0, 1000000000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    OK(timer_create(77, NULL, &timer));
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_signo = SIGUSR1;
    event.sigev_notify = 99;
    OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = getppid();
    OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
    OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD));
    OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &timer));
    OK(syscall(SYS_timer_delete, 1234));
    OK(syscall(SYS_timer_gettime, 1234, &spec));
    OK(syscall(SYS_timer_settime, 1234, 0, &spec, NULL));
    OK(syscall(SYS_timer_getoverrun, 1234));
    OK(timer_create(CLOCK_MONOTONIC, NULL, &timer));
    OK(timer_settime(timer, 0, &spec, NULL));
    spec.it_value.tv_nsec = -1;
    OK(timer_settime(timer, 0, &spec, NULL));
    OK(timer_settime(timer, 0, NULL, NULL));
    OK(timer_delete(timer));
    return 0;
}
