// RLIMIT_NPROC: an ordinary user's fork and thread are refused with EAGAIN.
#include "oracle.h"

static void* thread(void* arg) {
    return arg;
}
int main(void) {
    RUNS("ordinary", {
        become_ordinary();
        struct rlimit limit = {0, 0};
        OK(setrlimit(RLIMIT_NPROC, &limit));
        OK(fork());
        OK(vfork());
        pthread_t t;
        ERR(pthread_create(&t, NULL, thread, NULL));
        limit.rlim_cur = limit.rlim_max = 5;
        OK(setrlimit(RLIMIT_NPROC, &limit));
    });
    return 0;
}
