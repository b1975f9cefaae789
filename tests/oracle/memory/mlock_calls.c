// mlock, mlock2, munlock, mlockall: results, the limit for an ordinary user, the errors.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mlock(p, 4096));
    OK(mlock(p + 5, 10));
    OK(mlock2(p, 4096, MLOCK_ONFAULT));
    OK(mlock2(p, 4096, 0x100));
    OK(munlock(p, 8192));
    OK(munlock(p, 8192));
    OK(mlock(p, 0));
    munmap(p + 4096, 4096);
    OK(mlock(p, 8192));
    OK(munlock(p, 8192));
    OK(mlockall(0));
    OK(mlockall(0x100));
    OK(mlockall(MCL_ONFAULT));
    OK(munlockall());
    OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
    RUNS("limit", {
        become_ordinary();
        struct rlimit limit = {8192, 8192};
        OK(setrlimit(RLIMIT_MEMLOCK, &limit));
        char* q = MUST(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        munlockall();
        OK(mlock(q, 8192));
        OK(mlock(q, 12288));
        OK(mlock(q + 8192, 4096));
        OK(munlock(q, 4096));
        OK(mlock(q + 8192, 4096));
        OK(mlockall(MCL_CURRENT));
        OK(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
        limit.rlim_cur = limit.rlim_max = 0;
        OK(setrlimit(RLIMIT_MEMLOCK, &limit));
        OK(mlock(q, 4096));
        OK(mlockall(MCL_CURRENT));
    });
    RUNS("not inherited", OK(munlockall()));
    return 0;
}
