// MAP_32BIT: below 2 GiB, until there is no more room.
#include "oracle.h"

int main(void) {
    int high = 0;
    for (int i = 0; i < 20; i++) {
        char* p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (p == MAP_FAILED || (uintptr_t)p + (1 << 20) > 0x80000000ul) high++;
        p[100] = 1;
    }
    NUM(high);
    OK(mmap(NULL, 0x80000000ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0));
    OK(mmap(NULL, 0x70000000ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0));
    return 0;
}
