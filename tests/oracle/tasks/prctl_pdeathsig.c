// PR_SET_PDEATHSIG: the child gets the signal when its parent ends.
#include "oracle.h"

static volatile sig_atomic_t got;
static void on(int s) {
    got = s;
}
int main(void) {
    struct gate ready = gate_new(), go = gate_new(), done = gate_new();
    RUNS("parent", {
        CHILD({
            signal(SIGUSR2, on);
            prctl(PR_SET_PDEATHSIG, SIGUSR2);
            gate_pass(&ready);
            while (!got) sleep_ms(1);
            gate_wait(&go);
            say("the child got %s\n", signal_name(got));
            gate_pass(&done);
        });
        gate_wait(&ready);
        _exit(3);
    });
    gate_pass(&go);
    gate_wait(&done);
    return 0;
}
