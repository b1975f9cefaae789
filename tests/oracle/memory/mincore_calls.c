// mincore: touched pages are resident, untouched ones not; the errors.
#include "oracle.h"

int main(void) {
    unsigned char v[8];
    char* p = MUST(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(p, 8 * 4096, MADV_NOHUGEPAGE);
    p[0] = p[3 * 4096] = 1;
    OK(mincore(p, 8 * 4096, v));
    for (int i = 0; i < 8; i++) say("%d", v[i] & 1);
    say("\n");
    OK(mincore(p + 1, 4096, v));
    OK(mincore(p, 100, v));
    OK(mincore(p, 0, v));
    OK(mincore(p, 4096, BAD));
    munmap(p + 4096, 4096);
    OK(mincore(p, 8192, v));
    OK(mincore(p, -4096ul, v));
    OK(mincore((void*)0xffff800000000000ul, 4096, v));
    return 0;
}
