// madvise: plain hints succeed; the errors.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(madvise(p, 4096, MADV_NORMAL));
    OK(madvise(p, 4096, MADV_RANDOM));
    OK(madvise(p, 4096, MADV_SEQUENTIAL));
    OK(madvise(p, 4096, MADV_WILLNEED));
    OK(madvise(p, 4096, MADV_DONTDUMP));
    OK(madvise(p, 4096, MADV_DODUMP));
    OK(madvise(p, 4096, MADV_COLD));
    OK(madvise(p, 4096, MADV_PAGEOUT));
    OK(madvise(p, 0, MADV_DONTNEED));
    OK(madvise(p + 1, 4096, MADV_DONTNEED));
    OK(madvise(p, 4096, 9999));
    OK(madvise(p, -4096ul, MADV_DONTNEED));
    munmap(p + 4096, 4096);
    p[2 * 4096] = 'x';
    OK(madvise(p, 3 * 4096, MADV_DONTNEED));
    NUM(p[2 * 4096]);
    OK(posix_madvise(p, 4096, POSIX_MADV_DONTNEED));
    OK(madvise(p, 4096, MADV_POPULATE_WRITE));
    OK(madvise(p, 8192, MADV_POPULATE_READ));
    mprotect(p, 4096, PROT_READ);
    OK(madvise(p, 4096, MADV_POPULATE_WRITE));
    OK(madvise(p, 4096, MADV_POPULATE_READ));
    return 0;
}
