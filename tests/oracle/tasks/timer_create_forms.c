// POSIX timers: signal with a value, none, a thread by id; one-shot, periodic, absolute.
#include "oracle.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
int main(void) {
    sigset_t set;
    siginfo_t info;
    timer_t timer;
    struct itimerspec spec = {{0, 0}, {0, 5000000}}, left;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    OK(timer_gettime(timer, &left));
    YES(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    OK(timer_settime(timer, 0, &spec, NULL));
    STR(signal_name(sigwaitinfo(&set, &info)));
    say("code %d value %d overrun %d\n", info.si_code == SI_TIMER, info.si_value.sival_int, info.si_overrun);
    OK(timer_gettime(timer, &left));
    YES(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    clock_gettime(CLOCK_MONOTONIC, &spec.it_value);
    spec.it_value.tv_sec -= 1;
    OK(timer_settime(timer, TIMER_ABSTIME, &spec, NULL));
    STR(signal_name(sigwaitinfo(&set, &info)));
    spec.it_value = (struct timespec){100, 0};
    spec.it_interval = (struct timespec){50, 0};
    OK(timer_settime(timer, 0, &spec, NULL));
    OK(timer_settime(timer, 0, &spec, &left));
    YES(left.it_value.tv_sec == 99 && left.it_interval.tv_sec == 50);
    RUNS("forked", OK(timer_gettime(timer, &left)));
    OK(timer_delete(timer));
    OK(timer_gettime(timer, &left));
    OK(timer_create(CLOCK_REALTIME, NULL, &timer));
    spec = (struct itimerspec){{0, 0}, {0, 1}};
    OK(timer_settime(timer, 0, &spec, NULL));
    STR(signal_name(sigwaitinfo(&set, &info)));
    YES(info.si_code == SI_TIMER);
    OK(timer_delete(timer));
    event.sigev_notify = SIGEV_NONE;
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    OK(timer_settime(timer, 0, &spec, NULL));
    OK(timer_delete(timer));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_notify_thread_id = gettid();
    OK(timer_create(CLOCK_BOOTTIME, &event, &timer));
    OK(timer_settime(timer, 0, &spec, NULL));
    STR(signal_name(sigwaitinfo(&set, &info)));
    OK(timer_delete(timer));
    return 0;
}
