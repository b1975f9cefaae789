// Open file description locks: owned by the description, shared by fork and dup, not released by another
// close.
#include "oracle.h"

static int lock(int fd, int command, int kind, off_t start, off_t length) {
    struct flock l = {.l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, command, &l);
}
int main(void) {
    scratch();
    put_file("f", "0123456789");
    int a = MUST(open("f", O_RDWR)), b = MUST(open("f", O_RDWR));
    NUM(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    OK(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
    OK(lock(b, F_OFD_SETLK, F_RDLCK, 5, 1));
    NUM(lock(b, F_OFD_SETLK, F_RDLCK, 10, 1));
    OK(lock(b, F_SETLK, F_WRLCK, 5, 1));
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    NUM(fcntl(b, F_OFD_GETLK, &l));
    say("type %d start %ld length %ld pid %d\n", l.l_type == F_WRLCK, (long)l.l_start, (long)l.l_len,
        l.l_pid);
    l.l_pid = 5;
    OK(fcntl(b, F_OFD_SETLK, &l));
    RUNS("inherited", NUM(lock(a, F_OFD_SETLK, F_WRLCK, 3, 3)); OK(lock(b, F_OFD_SETLK, F_WRLCK, 3, 3)));
    int c = dup(a), d = MUST(open("f", O_RDWR));
    close(d);
    close(a);
    OK(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
    close(c);
    NUM(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
    a = MUST(open("f", O_RDWR));
    struct gate ready = gate_new();
    pid_t p = CHILD({
        close(b);
        gate_pass(&ready);
        say("waited: %d\n", lock(a, F_OFD_SETLKW, F_WRLCK, 5, 1));
    });
    gate_wait(&ready);
    sleep_ms(20);
    close(b);
    reap("waiter", p);
    OK(lock(a, F_OFD_SETLK, F_WRLCK, -1, 1));
    return 0;
}
