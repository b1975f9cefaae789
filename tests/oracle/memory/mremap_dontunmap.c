// MREMAP_DONTUNMAP: the pages move, the old mapping stays and is empty.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    strcpy(p, "moved");
    char* q = OK(mremap(p, 4 * 4096, 4 * 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
    YES(q != p);
    STR(q);
    STR(p);
    strcpy(p, "new");
    STR(q);
    OK(mremap(p, 4 * 4096, 5 * 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
    OK(mremap(p, 4 * 4096, 4 * 4096, MREMAP_DONTUNMAP, NULL));
    return 0;
}
