// POSIX timers on the CPU clocks of the process and the thread.
#include "oracle.h"

static volatile sig_atomic_t hits;
static void on(int s, siginfo_t* info, void* c) {
    (void)s, (void)c;
    if (info->si_code == SI_TIMER) hits = hits + 1;
}
static void try_one(clockid_t clock) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec spec = {{0, 0}, {0, 20000000}};
    struct timespec before, after;
    OK(timer_create(clock, &event, &timer));
    hits = 0;
    clock_gettime(clock, &before);
    OK(timer_settime(timer, 0, &spec, NULL));
    sleep_ms(30);
    NUM(hits);
    while (!hits)
        for (volatile int i = 0; i < 10000; i++) {
        }
    clock_gettime(clock, &after);
    YES((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 19000000);
    OK(timer_delete(timer));
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    try_one(CLOCK_PROCESS_CPUTIME_ID);
    try_one(CLOCK_THREAD_CPUTIME_ID);
    clockid_t own;
    ERR(clock_getcpuclockid(0, &own));
    struct timespec t;
    OK(clock_gettime(own, &t));
    ERR(pthread_getcpuclockid(pthread_self(), &own));
    OK(clock_gettime(own, &t));
    return 0;
}
