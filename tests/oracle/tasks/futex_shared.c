// A futex in shared memory works between processes, at different addresses and in files.
#include "oracle.h"

#include <linux/futex.h>
static long futex(int* word, int op, int value) {
    return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}
int main(void) {
    scratch();
    int* anon = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t p = CHILD({
        while (*anon == 0) futex(anon, FUTEX_WAIT, 0);
        say("child saw %d\n", *anon);
    });
    *(volatile int*)anon = 5;
    futex(anon, FUTEX_WAKE, 1);
    reap("anonymous", p);
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 65536);
    int* one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    int* two = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p = CHILD(_exit(futex(one + 3, FUTEX_WAIT, 0) == 0 ? 7 : 8));
    while (futex(two + 1024 + 3, FUTEX_WAKE, 1) != 1) sched_yield();
    reap("file", p);
    p = CHILD({
        int* own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, open("f", O_RDWR), 0);
        _exit(futex(own + 1024 + 5, FUTEX_WAIT, 0) == 0 ? 9 : 8);
    });
    while (futex(one + 5, FUTEX_WAKE, 1) != 1) sched_yield();
    reap("opened again", p);
    const int* read_only = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    OK(futex((int*)read_only, FUTEX_WAKE, 1));
    OK(futex((int*)read_only, FUTEX_WAIT, 1));
    int* private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    NUM(futex(private + 5, FUTEX_WAKE, 1));
    return 0;
}
