// mremap: MREMAP_MAYMOVE and MREMAP_FIXED; the old place is gone, what was at the new one too.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char* block = MUST(mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    strcpy(p, "zero");
    strcpy(p + 4096, "one");
    strcpy(p + 3 * 4096, "three");
    strcpy(block + 8 * 4096, "overwritten");
    char* q = OK(mremap(p, 4 * 4096, 4 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, block + 8 * 4096));
    YES(q == block + 8 * 4096);
    STR(q);
    STR(q + 3 * 4096);
    RUNS("old place", *(volatile char*)p);
    q = OK(mremap(q + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, block));
    STR(block);
    RUNS("hole in the old place", *(volatile char*)(block + 9 * 4096));
    STR(block + 8 * 4096);
    q = OK(mremap(block, 4096, 100 * 4096, MREMAP_MAYMOVE));
    STR(q);
    NUM(q[99 * 4096]);
    q = OK(mremap(q, 100 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, block));
    STR(q);
    RUNS("rest of a shrinking move", *(volatile char*)(block + 12 * 4096); say("still there\n"));
    return 0;
}
