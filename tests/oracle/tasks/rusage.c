// getrusage and times: children count once they are waited for; the errors.
#include "oracle.h"

#include <sys/times.h>
static void burn(long ms) {
    struct timespec t;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    } while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}
static long spent(int who) {
    struct rusage u;
    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}
static long resident(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}
static void* thread(void* arg) {
    YES(spent(RUSAGE_THREAD) < 50);
    return arg;
}
int main(void) {
    struct rusage usage;
    OK(getrusage((enum __rusage_who)7, &usage));
    OK(syscall(SYS_getrusage, RUSAGE_SELF, BAD));
    // Its resident size may take a moment to be known.
    pid_t p = CHILD(burn(120); while (resident() <= 100) sleep_ms(10));
    siginfo_t info;
    waitid(P_PID, p, &info, WEXITED | WNOWAIT);
    YES(spent(RUSAGE_CHILDREN) < 60);
    int status;
    YES(wait4(p, &status, 0, &usage) == p);
    YES(usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 + usage.ru_stime.tv_sec * 1000 +
            usage.ru_stime.tv_usec / 1000 >=
        60);
    YES(usage.ru_maxrss > 100);
    YES(spent(RUSAGE_CHILDREN) >= 60);
    burn(100);
    YES(spent(RUSAGE_SELF) >= 60);
    pthread_t t;
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    struct tms tms;
    YES(times(&tms) != (clock_t)-1);
    YES(tms.tms_cutime + tms.tms_cstime >= 6);
    OK(syscall(SYS_times, NULL));
    return 0;
}
