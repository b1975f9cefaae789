// Thousands of mappings, alternating in rights so that they cannot join, then taken away in another order.
#include "oracle.h"

int main(void) {
    int n = 4000;
    char* p = MUST(mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int failed = 0, wrong = 0;
    for (int i = 0; i < n; i++) p[i * 4096] = i;
    for (int i = 0; i < n; i += 2) failed += mprotect(p + i * 4096, 4096, PROT_READ) != 0;
    NUM(failed);
    for (int i = 0; i < n; i++) wrong += p[i * 4096] != (char)i;
    RUNS("forked", int bad = 0; for (int i = 0; i < n; i++) bad += p[i * 4096] != (char)i; NUM(bad));
    for (int i = 0; i < n; i += 3) failed += munmap(p + i * 4096, 4096) != 0;
    unsigned char v;
    int gone = 0;
    for (int i = 0; i < n; i++) gone += mincore(p + i * 4096, 4096, &v) != 0;
    NUM(failed);
    NUM(wrong);
    NUM(gone);
    OK(munmap(p, n * 4096));
    return 0;
}
