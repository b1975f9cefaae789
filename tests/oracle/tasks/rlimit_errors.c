// getrlimit, setrlimit, prlimit: errors and the rule that soft may not exceed hard.
#include "oracle.h"

int main(void) {
    struct rlimit limit = {10, 5}, old;
    OK(setrlimit(RLIMIT_CORE, &limit));
    OK(setrlimit((enum __rlimit_resource)77, &limit));
    OK(getrlimit((enum __rlimit_resource)77, &limit));
    OK(getrlimit((enum __rlimit_resource) - 1, &limit));
    OK(syscall(SYS_getrlimit, RLIMIT_CORE, BAD));
    OK(syscall(SYS_setrlimit, RLIMIT_CORE, BAD));
    OK(prlimit(0, RLIMIT_CORE, NULL, NULL));
    OK(prlimit(-1, RLIMIT_CORE, NULL, &old));
    OK(prlimit(getpid(), (enum __rlimit_resource)77, NULL, &old));
    limit.rlim_cur = 3;
    limit.rlim_max = 9;
    OK(prlimit(0, RLIMIT_NOFILE, NULL, &old));
    RUNS("child", {
        OK(prlimit(0, RLIMIT_SIGPENDING, &limit, &old));
        OK(prlimit(0, RLIMIT_SIGPENDING, NULL, &old));
        say("%ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
        RUNS("inherited", prlimit(0, RLIMIT_SIGPENDING, NULL, &old); say("%ld\n", (long)old.rlim_cur));
    });
    RUNS("ordinary", {
        become_ordinary();
        limit.rlim_cur = 5;
        limit.rlim_max = 9;
        OK(setrlimit(RLIMIT_SIGPENDING, &limit));
        limit.rlim_max = 10;
        OK(setrlimit(RLIMIT_SIGPENDING, &limit));
        limit.rlim_max = RLIM_INFINITY;
        OK(setrlimit(RLIMIT_SIGPENDING, &limit));
        limit.rlim_max = 5;
        OK(setrlimit(RLIMIT_SIGPENDING, &limit));
    });
    pid_t p = CHILD(pause());
    limit.rlim_cur = 6;
    limit.rlim_max = 6;
    OK(prlimit(p, RLIMIT_NOFILE, &limit, NULL));
    OK(prlimit(p, RLIMIT_NOFILE, NULL, &old));
    NUM(old.rlim_max);
    kill(p, SIGKILL);
    reap("child", p);
    return 0;
}
