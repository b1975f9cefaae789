// MAP_GROWSDOWN: a touch below the mapping extends it, up to a neighbour's guard gap.
#include "oracle.h"

int main(void) {
    size_t size = 4 << 20;
    char* room = MUST(mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    munmap(room, size);
    char* top = room + size - 8192;
    char* p = OK(mmap(top, 8192, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
    p[0] = 1;
    RUNS("below", *(volatile char*)(p - 100) = 5; NUM(p[-100]);
         for (int i = 1; i < 100; i++) p[-4096 * i] = i; NUM(p[-4096 * 50]); NUM(p[-4096 * 50 + 7]));
    RUNS("in the gap", {
        mmap(room, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        *(volatile char*)(room + 4096 + 100) = 1;
    });
    RUNS("mprotect to the start", OK(mprotect(p, 4096, PROT_READ | PROT_GROWSDOWN));
         OK(mprotect(room + 8, 4096, PROT_READ)));
    char* q = MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mprotect(q, 4096, PROT_READ | PROT_GROWSDOWN));
    return 0;
}
