// clock_gettime, clock_getres, clock_settime, gettimeofday, time: the clocks that exist, and how they relate.
#include "oracle.h"

#include <sys/timex.h>
static long long ns(clockid_t c) {
    struct timespec t;
    clock_gettime(c, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
int main(void) {
    int clocks[] = {CLOCK_REALTIME,
                    CLOCK_MONOTONIC,
                    CLOCK_PROCESS_CPUTIME_ID,
                    CLOCK_THREAD_CPUTIME_ID,
                    CLOCK_MONOTONIC_RAW,
                    CLOCK_REALTIME_COARSE,
                    CLOCK_MONOTONIC_COARSE,
                    CLOCK_BOOTTIME,
                    CLOCK_TAI,
                    50,
                    -1};
    struct timespec t;
    for (size_t i = 0; i < COUNT(clocks); i++) {
        say("clock %d: ", clocks[i]);
        OK(clock_gettime(clocks[i], &t));
        OK(clock_getres(clocks[i], &t));
        OK(syscall(SYS_clock_gettime, clocks[i], &t));
    }
    clock_getres(CLOCK_MONOTONIC, &t);
    say("%ld %ld\n", (long)t.tv_sec, t.tv_nsec);
    OK(clock_getres(CLOCK_REALTIME, NULL));
    OK(syscall(SYS_clock_gettime, CLOCK_REALTIME, BAD));
    long long last = ns(CLOCK_MONOTONIC);
    int backwards = 0;
    for (int i = 0; i < 10000; i++) {
        long long next = ns(CLOCK_MONOTONIC);
        backwards += next < last;
        last = next;
    }
    NUM(backwards);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    long long difference = ns(CLOCK_REALTIME) - (tv.tv_sec * 1000000000LL + tv.tv_usec * 1000LL);
    YES(difference >= 0 && difference < 1000000000);
    YES(time(NULL) - tv.tv_sec <= 1);
    time_t seconds;
    YES(time(&seconds) == seconds);
    YES(ns(CLOCK_BOOTTIME) >= ns(CLOCK_MONOTONIC) - 1000000);
    YES(llabs(ns(CLOCK_REALTIME_COARSE) - ns(CLOCK_REALTIME)) < 100000000);
    struct timespec raw;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw);
    YES(llabs(raw.tv_sec * 1000000000LL + raw.tv_nsec - ns(CLOCK_MONOTONIC)) < 1000000000);
    OK(clock_settime(CLOCK_MONOTONIC, &t));
    OK(clock_settime(99, &t));
    RUNS("ordinary", become_ordinary(); t.tv_sec = 1; OK(clock_settime(CLOCK_REALTIME, &t));
         OK(settimeofday(&tv, NULL)));
    struct timex timex = {0};
    YES(adjtimex(&timex) >= 0);
    return 0;
}
