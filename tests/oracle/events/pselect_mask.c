// pselect blocks nothing it should not: the mask argument, its size, and a ready descriptor that wins over a
// signal.
#include "oracle.h"

#include <sys/select.h>
static volatile sig_atomic_t hits;
static void on(int s) {
    (void)s;
    hits = hits + 1;
}
int main(void) {
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    signal(SIGUSR1, on);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int ends[2];
    pipe(ends);
    write(ends[1], "x", 1);
    raise(SIGUSR1);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(ends[0], &r);
    struct timespec zero = {0, 0};
    NUM(pselect(ends[0] + 1, &r, NULL, NULL, &zero, &none));
    NUM(hits);
    char c;
    read(ends[0], &c, 1);
    FD_SET(ends[0], &r);
    NUM(pselect(ends[0] + 1, &r, NULL, NULL, &zero, NULL));
    struct {
        const sigset_t* set;
        size_t size;
    } argument = {&none, 4};
    OK(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &argument));
    argument.size = 8;
    argument.set = BAD;
    OK(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &argument));
    OK(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, BAD));
    return 0;
}
