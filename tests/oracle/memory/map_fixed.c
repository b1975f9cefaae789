// MAP_FIXED replaces what is there, also the middle of a mapping; a hint that is taken is not.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(p, 'x', 5 * 4096);
    char* q =
        OK(mmap(p + 2 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    YES(q == p + 2 * 4096);
    say("%c %d %c\n", p[4096], q[0], p[3 * 4096]);
    q = OK(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    YES(q != p);
    NUM(p[0]);
    OK(munmap(p + 4096, 3 * 4096));
    q = OK(mmap(p + 4096, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    YES(q == p + 4096);
    q = mmap(p + 4096 + 10, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    YES((uintptr_t)q % 4096 == 0);
    say("%c %c\n", p[0], p[4 * 4096]);
    return 0;
}
