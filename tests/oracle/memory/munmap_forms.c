// munmap: parts, holes, several mappings at once, and the errors.
#include "oracle.h"

static int mapped(char* p) {
    unsigned char v;
    return mincore(p, 4096, &v) == 0;
}
int main(void) {
    char* p = MUST(mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(munmap(p + 4096, 4096));
    say("%d %d %d\n", mapped(p), mapped(p + 4096), mapped(p + 8192));
    OK(munmap(p + 4096, 4096));
    OK(munmap(p + 3 * 4096, 100));
    say("%d %d\n", mapped(p + 3 * 4096), mapped(p + 4 * 4096));
    mmap(p + 4096, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    OK(munmap(p, 10 * 4096));
    int any = 0;
    for (int i = 0; i < 10; i++) any += mapped(p + i * 4096);
    NUM(any);
    OK(munmap(p + 1, 4096));
    OK(munmap(p, 0));
    OK(munmap((void*)0x7ffffffff000, 4096 * 4096));
    OK(munmap(p, -4096ul));
    RUNS("use after unmap", *(volatile char*)p = 1);
    return 0;
}
