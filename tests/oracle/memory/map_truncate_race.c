// Memory of a file that another process truncates and extends again: never anything but the file's bytes or
// SIGBUS.
#include "oracle.h"

#include <setjmp.h>
static sigjmp_buf back;
static void on(int s) {
    (void)s;
    siglongjmp(back, 1);
}
int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 8192);
    char* p = MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    struct gate ready = gate_new();
    pid_t child = CHILD({
        gate_pass(&ready);
        for (int i = 0; i < 2000; i++) {
            ftruncate(fd, 4096);
            ftruncate(fd, 8192);
        }
    });
    gate_wait(&ready);
    signal(SIGBUS, on);
    volatile int faults = 0, strange = 0;
    for (volatile int i = 0; i < 20000; i++) {
        if (sigsetjmp(back, 1)) {
            faults = faults + 1;
            continue;
        }
        strange = strange + (p[4096 + i % 4096] != 0);
    }
    NUM(strange);
    reap("truncating", child);
    signal(SIGBUS, SIG_DFL);
    NUM(p[5000]);
    return 0;
}
