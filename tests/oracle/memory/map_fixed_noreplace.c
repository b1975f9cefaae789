// MAP_FIXED_NOREPLACE: EEXIST where anything overlaps, otherwise exactly there.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    munmap(p + 4096, 3 * 4096);
    OK(mmap(p, 4096, PROT_READ, flags, -1, 0));
    OK(mmap(p + 4096, 4 * 4096, PROT_READ, flags, -1, 0));
    OK(mmap(p, 2 * 4096, PROT_READ, flags, -1, 0));
    char* q = OK(mmap(p + 4096, 3 * 4096, PROT_READ, flags, -1, 0));
    YES(q == p + 4096);
    OK(mmap(p + 4096, 3 * 4096, PROT_READ, flags, -1, 0));
    OK(mmap(p + 1, 4096, PROT_READ, flags, -1, 0));
    return 0;
}
