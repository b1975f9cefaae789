// timer_getoverrun: periods that pass while the signal is pending are counted, not queued.
#include "oracle.h"

int main(void) {
    sigset_t set;
    siginfo_t info;
    timer_t timer;
    struct itimerspec spec = {{0, 1000000}, {0, 1000000}}, stop = {{0, 0}, {0, 0}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct timespec zero = {0, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    NUM(timer_getoverrun(timer));
    OK(timer_settime(timer, 0, &spec, NULL));
    sleep_ms(40);
    STR(signal_name(sigwaitinfo(&set, &info)));
    YES(info.si_overrun >= 20);
    YES(timer_getoverrun(timer) == info.si_overrun);
    OK(timer_settime(timer, 0, &stop, NULL));
    while (sigtimedwait(&set, &info, &zero) > 0) {
    }
    OK(sigtimedwait(&set, &info, &zero));
    OK(timer_delete(timer));
    return 0;
}
