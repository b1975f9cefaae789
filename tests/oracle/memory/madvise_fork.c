// MADV_DONTFORK and MADV_WIPEONFORK: absent or zero in the child; undone by their opposites.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(p, 'x', 4 * 4096);
    OK(madvise(p, 4096, MADV_DONTFORK));
    OK(madvise(p + 4096, 4096, MADV_WIPEONFORK));
    RUNS("dont fork", *(volatile char*)p);
    RUNS("wipe", NUM(p[4096]); NUM(p[8192]); p[4096] = 'c'; RUNS("again", NUM(p[4096])));
    NUM(p[4096]);
    OK(madvise(p, 4096, MADV_DOFORK));
    OK(madvise(p + 4096, 4096, MADV_KEEPONFORK));
    RUNS("undone", NUM(p[0]); NUM(p[4096]));
    char* s = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    OK(madvise(s, 4096, MADV_WIPEONFORK));
    OK(madvise(s, 4096, MADV_DONTFORK));
    RUNS("shared", *(volatile char*)s);
    return 0;
}
