// Large reservations cost nothing: a terabyte without rights, gigabytes touched in two places, MAP_POPULATE,
// large unmaps.
#include "oracle.h"

int main(void) {
    size_t tera = 1ul << 40;
    char* p = OK(mmap(NULL, tera, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    OK(mprotect(p + tera / 2, 4096, PROT_READ | PROT_WRITE));
    p[tera / 2] = 5;
    NUM(p[tera / 2]);
    RUNS("forked", NUM(p[tera / 2]));
    OK(munmap(p, tera));
    size_t giga = 4ul << 30;
    p = OK(mmap(NULL, giga, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    madvise(p, giga, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < giga; i += 256 << 20) p[i] = 1;
    NUM(p[giga - (256 << 20)]);
    NUM(p[giga - 1]);
    OK(munmap(p, giga));
    p = OK(mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    unsigned char v[1024];
    mincore(p, 4 << 20, v);
    int resident = 0;
    for (int i = 0; i < 1024; i++) resident += v[i] & 1;
    NUM(resident);
    p = OK(mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(madvise(p, 8 << 20, MADV_HUGEPAGE));
    memset(p, 3, 8 << 20);
    OK(mprotect(p + (3 << 20), 4096, PROT_READ));
    OK(munmap(p + (5 << 20), 4096));
    NUM(p[(5 << 20) - 1]);
    return 0;
}
