// An orphan gets a new parent: init, or the nearest subreaper, which can wait for it.
#include "oracle.h"

int main(void) {
    struct gate told = gate_new(), go = gate_new();
    NUM(prctl(PR_SET_CHILD_SUBREAPER, 1));
    int is = 0;
    NUM(prctl(PR_GET_CHILD_SUBREAPER, &is));
    NUM(is);
    pid_t self = getpid();
    int ends[2];
    MUST(pipe(ends));
    RUNS("middle", {
        pid_t orphan = CHILD({
            gate_wait(&told);
            while (getppid() != self) sleep_ms(1);
            YES(getppid() == self);
            int inherited = 1;
            prctl(PR_GET_CHILD_SUBREAPER, &inherited);
            NUM(inherited);
            _exit(12);
        });
        write(ends[1], &orphan, sizeof orphan);
    });
    pid_t orphan;
    read(ends[0], &orphan, sizeof orphan);
    gate_pass(&told);
    reap("orphan", orphan);
    NUM(prctl(PR_SET_CHILD_SUBREAPER, 0));
    RUNS("middle again", {
        pid_t middle = getpid();
        CHILD({
            for (int i = 0; i < 5000 && getppid() == middle; i++) sleep_ms(1);
            gate_wait(&go);
            YES(getppid() != middle);
            gate_pass(&told);
        });
    });
    gate_pass(&go);
    gate_wait(&told);
    int status;
    OK(waitpid(-1, &status, 0));
    return 0;
}
