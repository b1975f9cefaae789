// fcntl record locks: ranges that split and join, conflicts, F_GETLK, released by any close, deadlock.
#include "oracle.h"

static int fd;
static const char* type(short t) {
    return t == F_RDLCK ? "F_RDLCK" : t == F_WRLCK ? "F_WRLCK" : "F_UNLCK";
}
static int lock(int kind, off_t start, off_t length) {
    struct flock l = {.l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, F_SETLK, &l);
}
static void probe(off_t start, off_t length) {
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    pid_t parent = getppid();
    int r = fcntl(fd, F_GETLK, &l);
    say("  probe %ld+%ld: %d %s", (long)start, (long)length, r, type(l.l_type));
    if (l.l_type != F_UNLCK) say(" %ld+%ld holder %d", (long)l.l_start, (long)l.l_len, l.l_pid == parent);
    say("\n");
}
int main(void) {
    scratch();
    fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 100);
    NUM(lock(F_WRLCK, 10, 50));
    RUNS("conflicts", NUM(lock(F_RDLCK, 20, 5)); NUM(lock(F_WRLCK, 60, 5)); NUM(lock(F_RDLCK, 0, 10));
         probe(0, 0); probe(0, 5));
    NUM(lock(F_UNLCK, 20, 10));
    NUM(lock(F_RDLCK, 40, 10));
    RUNS("split", probe(0, 0); probe(15, 1); probe(20, 10); probe(30, 100); probe(40, 100); probe(50, 100);
         NUM(lock(F_RDLCK, 40, 10)));
    NUM(lock(F_WRLCK, 0, 0));
    RUNS("joined", probe(1000000, 5));
    NUM(lock(F_UNLCK, 0, 0));
    struct flock backwards = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 0, .l_len = -10};
    OK(fcntl(fd, F_SETLK, &backwards));
    RUNS("backwards", probe(0, 0));
    int second = MUST(open("f", O_RDONLY));
    close(second);
    RUNS("any close releases", probe(0, 0));
    OK(lock(F_WRLCK, -5, 3));
    OK(lock(9, 0, 3));
    OK(lock(F_WRLCK, 5, -10));
    struct flock l = {.l_type = F_WRLCK};
    OK(fcntl(MUST(open("f", O_RDONLY)), F_SETLK, &l));
    l.l_type = F_RDLCK;
    OK(fcntl(MUST(open("f", O_WRONLY)), F_SETLK, &l));
    OK(fcntl(-1, F_SETLK, &l));
    OK(fcntl(fd, F_SETLK, BAD));
    l.l_type = F_UNLCK;
    OK(fcntl(fd, F_GETLK, &l));
    int ends[2];
    pipe(ends);
    NUM(lock(F_WRLCK, 0, 1));
    struct gate ready = gate_new();
    pid_t p = CHILD({
        MUST(lock(F_WRLCK, 1, 1));
        gate_pass(&ready);
        struct flock first = {.l_type = F_WRLCK, .l_start = 0, .l_len = 1};
        int r = fcntl(fd, F_SETLKW, &first);
        _exit(r == 0 ? 1 : 2);
    });
    gate_wait(&ready);
    sleep_ms(60);
    struct flock other = {.l_type = F_WRLCK, .l_start = 1, .l_len = 1};
    OK(fcntl(fd, F_SETLKW, &other));
    NUM(lock(F_UNLCK, 0, 0));
    reap("waiter", p);
    return 0;
}
