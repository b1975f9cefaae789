// RLIMIT_SIGPENDING: sigqueue is refused with EAGAIN, plain kill still arrives once.
#include "oracle.h"

int main(void) {
    RUNS("limited", {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMIN);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        struct rlimit limit = {0, 0};
        OK(setrlimit(RLIMIT_SIGPENDING, &limit));
        union sigval value = {.sival_int = 5};
        OK(sigqueue(getpid(), SIGRTMIN, value));
        OK(kill(getpid(), SIGUSR1));
        siginfo_t info;
        YES(sigwaitinfo(&set, &info) == SIGUSR1);
        struct timespec zero = {0, 0};
        OK(sigtimedwait(&set, &info, &zero));
        OK(sigqueue(getpid(), SIGUSR1, value));
    });
    return 0;
}
