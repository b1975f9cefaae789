// mremap: growing in place, shrinking, contents kept, the new part zero.
#include "oracle.h"

int main(void) {
    char* room = MUST(mmap(NULL, 20 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(room, 20 * 4096);
    char* p =
        MUST(mmap(room, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    strcpy(p, "start");
    strcpy(p + 3 * 4096, "end");
    char* q = OK(mremap(p, 4 * 4096, 8 * 4096, 0));
    YES(q == p);
    STR(p + 3 * 4096);
    NUM(p[7 * 4096]);
    p[7 * 4096] = 9;
    q = OK(mremap(p, 8 * 4096, 2 * 4096, 0));
    YES(q == p);
    RUNS("beyond", *(volatile char*)(p + 2 * 4096));
    q = OK(mremap(p, 2 * 4096, 8 * 4096, 0));
    NUM(p[7 * 4096]);
    mmap(p + 8 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    OK(mremap(p, 8 * 4096, 9 * 4096, 0));
    q = OK(mremap(p, 8 * 4096, 8 * 4096, 0));
    YES(q == p);
    q = OK(mremap(p, 100, 4096, 0));
    STR(p);
    return 0;
}
