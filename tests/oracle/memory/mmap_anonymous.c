// Anonymous mappings: zeroed, page aligned, private to a process after fork, and zero again after being
// unmapped.
#include "oracle.h"

int main(void) {
    char* p = OK(mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    YES((uintptr_t)p % 4096 == 0);
    int dirty = 0;
    for (int i = 0; i < 100000; i++) dirty += p[i] != 0;
    NUM(dirty);
    p[102399] = 7;  // the rest of the last page
    memset(p, 0xaa, 100000);
    RUNS("child", YES((unsigned char)p[5] == 0xaa); p[5] = 1);
    NUM((unsigned char)p[5]);
    OK(munmap(p, 100000));
    char* q = mmap(p, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    YES(q == p);
    for (int i = 0; i < 100000; i++) dirty += q[i] != 0;
    NUM(dirty);
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 77, 12288));
    return 0;
}
