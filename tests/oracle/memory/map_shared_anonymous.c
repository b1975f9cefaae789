// Shared anonymous memory between parent, child and grandchild.
#include "oracle.h"

int main(void) {
    int* p = OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    RUNS("child", {
        p[0] = 1;
        RUNS("grandchild", p[1500] = 2);
        p[1] = p[1500] + 1;
    });
    say("%d %d %d\n", p[0], p[1], p[1500]);
    for (int i = 0; i < 4; i++)
        CHILD(for (int k = 0; k < 1000; k++) __atomic_add_fetch(&p[2], 1, __ATOMIC_SEQ_CST));
    while (wait(NULL) > 0) {
    }
    NUM(p[2]);
    RUNS("protect", mprotect(p, 4096, PROT_READ); p[0] = 9);
    NUM(p[0]);
    RUNS("unmap in the child only", munmap(p, 4096));
    NUM(p[0]);
    return 0;
}
