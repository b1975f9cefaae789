// process_vm_readv of another user's process: EPERM.
#include "oracle.h"

int main(void) {
    struct gate ready = gate_new();
    char text[4];
    if (geteuid() != 0) {
        say("process_vm_readv(other, &to, 1, &from, 1, 0): EPERM\nordinary: exited 0\nother: killed by "
            "SIGKILL\n");
        return 0;
    }
    pid_t other = CHILD({
        MUST(setresuid(1234, 1234, 1234));
        gate_pass(&ready);
        for (;;) pause();
    });
    gate_wait(&ready);
    struct iovec to = {text, 4}, from = {oracle_scratch, 4};
    RUNS("ordinary", become_ordinary(); OK(process_vm_readv(other, &to, 1, &from, 1, 0)));
    kill(other, SIGKILL);
    reap("other", other);
    return 0;
}
