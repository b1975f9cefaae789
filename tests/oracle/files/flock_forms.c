// flock: shared and exclusive, per open file description, released by the last close, converted, errors.
#include "oracle.h"

#include <sys/file.h>
int main(void) {
    scratch();
    put_file("f", "");
    int a = MUST(open("f", O_RDONLY)), b = MUST(open("f", O_RDWR));
    OK(flock(a, LOCK_SH));
    OK(flock(b, LOCK_SH | LOCK_NB));
    OK(flock(b, LOCK_EX | LOCK_NB));
    OK(flock(a, LOCK_UN));
    OK(flock(b, LOCK_EX | LOCK_NB));
    OK(flock(a, LOCK_SH | LOCK_NB));
    int c = dup(b);
    OK(flock(c, LOCK_EX | LOCK_NB));
    close(b);
    OK(flock(a, LOCK_SH | LOCK_NB));
    close(c);
    OK(flock(a, LOCK_EX | LOCK_NB));
    RUNS("child shares it", OK(flock(a, LOCK_EX | LOCK_NB)); int own = open("f", O_RDONLY);
         OK(flock(own, LOCK_SH | LOCK_NB)));
    RUNS("child releases it", OK(flock(a, LOCK_UN)));
    b = MUST(open("f", O_RDONLY));
    OK(flock(b, LOCK_EX | LOCK_NB));
    struct gate ready = gate_new();
    pid_t p = CHILD({
        gate_pass(&ready);
        int own = open("f", O_RDONLY);
        flock(own, LOCK_EX);
        say("child has it\n");
    });
    gate_wait(&ready);
    sleep_ms(20);
    say("parent lets go\n");
    flock(b, LOCK_UN);
    reap("waiter", p);
    OK(flock(-1, LOCK_SH));
    OK(flock(a, 0));
    OK(flock(a, LOCK_SH | LOCK_EX));
    OK(flock(MUST(open("f", O_PATH)), LOCK_SH));
    struct flock record = {.l_type = F_WRLCK};
    int w = MUST(open("f", O_RDWR));
    OK(flock(a, LOCK_EX | LOCK_NB));
    RUNS("independent of record locks", OK(fcntl(w, F_SETLK, &record)));
    return 0;
}
