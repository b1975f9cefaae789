// setpgid, getpgid, setsid, getsid: groups, sessions and every error.
#include "oracle.h"

int main(void) {
    pid_t self = getpid();
    OK(setpgid(-1, 0));
    OK(setpgid(0, -1));
    OK(getpgid(-1));
    OK(getsid(-1));
    OK(setpgid(1, 1));
    YES(getpgid(0) == getpgrp());
    YES(getpgid(self) == getpgrp());
    RUNS("leader", {
        YES(setsid() == getpid());
        YES(getsid(0) == getpid());
        YES(getpgrp() == getpid());
        OK(setsid());
        OK(setpgid(0, 0));
        struct gate moved = gate_new();
        struct gate go = gate_new();
        pid_t a =
            CHILD(gate_wait(&go); YES(getpgrp() == getpid()); YES(getsid(0) == getppid()); gate_pass(&moved));
        OK(setpgid(a, a));
        OK(setpgid(a, a));
        gate_pass(&go);
        gate_wait(&moved);
        reap("a", a);
        OK(setpgid(a, a));
        a = CHILD(pause());
        pid_t b = CHILD(pause());
        OK(setpgid(a, 0));
        YES(getpgid(a) == a);
        OK(setpgid(b, a));
        YES(getpgid(b) == a);
        OK(setpgid(b, 999999));
        OK(kill(-a, SIGTERM));
        reap("a", a);
        reap("b", b);
        OK(kill(-a, 0));
        pid_t other = CHILD({
            setsid();
            gate_pass(&moved);
            pause();
        });
        gate_wait(&moved);
        OK(setpgid(other, getpgrp()));
        OK(setpgid(other, other));
        kill(other, SIGKILL);
        reap("other session", other);
    });
    return 0;
}
