// RLIMIT_CPU: SIGXCPU at the soft limit, SIGKILL at the hard one.
#include "oracle.h"

static volatile sig_atomic_t got;
static void on(int s) {
    got = s;
}
static void burn(void) {
    for (;;) {
        for (volatile int i = 0; i < 100000; i++) {
        }
        if (got) break;
    }
}
int main(void) {
    pid_t soft = CHILD({
        signal(SIGXCPU, on);
        struct rlimit limit = {1, 10};
        setrlimit(RLIMIT_CPU, &limit);
        burn();
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        long ms = t.tv_sec * 1000 + t.tv_nsec / 1000000;
        _exit(ms >= 500 && ms < 3000 && got == SIGXCPU ? 3 : 4);
    });
    pid_t hard = CHILD({
        struct rlimit limit = {1, 1};
        setrlimit(RLIMIT_CPU, &limit);
        burn();
    });
    reap("soft", soft);
    reap("hard", hard);
    return 0;
}
