// mremap: the errors.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(p + 4 * 4096, 4096, PROT_READ);
    munmap(p + 8 * 4096, 4096);
    OK(mremap(p + 1, 4096, 8192, MREMAP_MAYMOVE));
    OK(mremap(p, 4096, 0, MREMAP_MAYMOVE));
    OK(mremap(p, 4096, 8192, 0x100));
    OK(mremap(p, 4096, 8192, MREMAP_FIXED, p + 4096));
    OK(mremap(p, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p + 4096));
    OK(mremap(p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p + 100));
    OK(mremap(p + 8 * 4096, 4096, 8192, MREMAP_MAYMOVE));
    OK(mremap(p + 3 * 4096, 2 * 4096, 3 * 4096, MREMAP_MAYMOVE));
    OK(mremap(p + 7 * 4096, 2 * 4096, 3 * 4096, MREMAP_MAYMOVE));
    OK(mremap(p, 4096, 1ul << 47, MREMAP_MAYMOVE));
    OK(mremap(p, 4096, -4096ul, MREMAP_MAYMOVE));
    OK(mremap(p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void*)0x7ffffffff000));
    return 0;
}
