// kill with 0 and negative ids reaches the group; -1 everyone else's own processes.
#include "oracle.h"

static struct gate ready;
static void member(void) {
    gate_pass(&ready);
    for (;;) pause();
}
int main(void) {
    ready = gate_new();
    RUNS("group", {
        setpgid(0, 0);
        pid_t a = CHILD(member());
        pid_t b = CHILD(member());
        pid_t c = CHILD({
            setpgid(0, 0);
            member();
        });
        gate_wait(&ready);
        gate_wait(&ready);
        gate_wait(&ready);
        signal(SIGUSR1, SIG_IGN);
        OK(kill(0, SIGUSR1));
        reap("a", a);
        reap("b", b);
        int status;
        NUM(waitpid(c, &status, WNOHANG));
        OK(killpg(c, SIGUSR2));
        reap("c", c);
        OK(killpg(c, SIGUSR2));
    });
    return 0;
}
