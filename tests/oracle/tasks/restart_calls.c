// SA_RESTART: read, wait, flock, futex and open of a fifo go on; without it they end with EINTR.
#include "oracle.h"

#include <sys/file.h>
static volatile sig_atomic_t hits;
static void on(int s) {
    (void)s;
    hits = hits + 1;
}
static pid_t kicker(int fd) {
    pid_t parent = getpid();
    return CHILD({
        sleep_ms(25);
        kill(parent, SIGUSR1);
        sleep_ms(25);
        if (fd >= 0) write(fd, "y", 1);
        _exit(5);
    });
}
int main(void) {
    int ends[2];
    char c = 0;
    MUST(pipe(ends));
    struct sigaction action = {.sa_handler = on, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pid_t p = kicker(ends[1]);
    NUM(read(ends[0], &c, 1));
    NUM(hits);
    reap("restarted read", p);
    p = kicker(-1);
    reap("restarted wait", p);
    NUM(hits);
    action.sa_flags = 0;
    sigaction(SIGUSR1, &action, NULL);
    p = kicker(-1);
    OK(read(ends[0], &c, 1));
    reap("interrupted read", p);
    p = kicker(-1);
    int status;
    OK(waitpid(p, &status, 0));
    reap("interrupted wait", p);
    scratch();
    put_file("lock", "");
    int one = open("lock", O_RDWR);
    int two = open("lock", O_RDWR);
    flock(one, LOCK_EX);
    p = kicker(-1);
    OK(flock(two, LOCK_EX));
    reap("interrupted flock", p);
    mkfifo("fifo", 0600);
    p = kicker(-1);
    OK(open("fifo", O_RDONLY));
    reap("interrupted open", p);
    NUM(hits);
    return 0;
}
