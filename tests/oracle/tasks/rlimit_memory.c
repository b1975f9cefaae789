// RLIMIT_AS and RLIMIT_DATA: mmap, brk and mremap are refused with ENOMEM at the limit.
#include "oracle.h"

int main(void) {
    size_t big = 512 << 20;
    RUNS("address space", {
        struct rlimit limit = {256 << 20, RLIM_INFINITY};
        OK(setrlimit(RLIMIT_AS, &limit));
        OK(mmap(NULL, big, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        OK(mmap(NULL, big, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        void* p = OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        OK(mremap(p, 4096, big, MREMAP_MAYMOVE));
        OK(sbrk(big));
        YES(malloc(big) == NULL);
    });
    RUNS("data", {
        struct rlimit limit = {64 << 20, RLIM_INFINITY};
        OK(setrlimit(RLIMIT_DATA, &limit));
        OK(sbrk(big));
        OK(mmap(NULL, big, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        void* p = OK(mmap(NULL, big, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        OK(mprotect(p, big, PROT_READ | PROT_WRITE));
        OK(mmap(NULL, big, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    });
    return 0;
}
