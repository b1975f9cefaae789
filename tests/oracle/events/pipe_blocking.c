// A full pipe holds its writer until there is room; an empty one its reader; a closing end wakes both.
#include "oracle.h"

int main(void) {
    int ends[2];
    pipe(ends);
    static char block[200000];
    pid_t p = CHILD({
        close(ends[0]);
        ssize_t n = write(ends[1], block, sizeof block);
        _exit(n == sizeof block ? 1 : 2);
    });
    close(ends[1]);
    size_t total = 0;
    for (ssize_t n; (n = read(ends[0], block, 7000)) > 0;) total += n;
    NUM(total);
    reap("writer", p);
    pipe(ends);
    signal(SIGPIPE, SIG_IGN);
    p = CHILD({
        close(ends[0]);
        ssize_t n = write(ends[1], block, sizeof block);
        int e = errno;
        ssize_t m = write(ends[1], block, 1);
        say("partial %d then %s (%s)\n", n > 0 && n < (ssize_t)sizeof block, errno_name(errno),
            n < 0 ? errno_name(e) : "count");
        _exit(m == -1 ? 3 : 4);
    });
    close(ends[1]);
    read(ends[0], block, 5000);
    sleep_ms(20);
    close(ends[0]);
    reap("cut off writer", p);
    return 0;
}
