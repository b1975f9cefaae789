// Interval timers go on over execve; POSIX timers are gone; neither is inherited by fork.
#include "oracle.h"

int main(int argc, char** argv) {
    struct itimerval it;
    if (argc > 1) {
        getitimer(ITIMER_VIRTUAL, &it);
        YES(it.it_value.tv_sec >= 90 && it.it_interval.tv_sec == 7);
        struct itimerspec spec;
        OK(syscall(SYS_timer_gettime, atoi(argv[1]), &spec));
        return 0;
    }
    it = (struct itimerval){{7, 0}, {100, 0}};
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    int id = -1;
    OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    struct itimerspec spec = {{0, 0}, {100, 0}};
    OK(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    RUNS("forked", getitimer(ITIMER_VIRTUAL, &it); NUM(it.it_value.tv_sec);
         OK(syscall(SYS_timer_gettime, id, &spec)));
    char text[16];
    snprintf(text, sizeof text, "%d", id);
    execl(argv[0], argv[0], text, (char*)NULL);
    return 1;
}
