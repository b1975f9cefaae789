// kill: an ordinary user may not signal other users' processes; SIGCONT works within the session.
#include "oracle.h"

int main(void) {
    struct gate ready = gate_new();
    if (geteuid() != 0) {
        say("kill(other, 0): EPERM\nkill(other, SIGTERM): EPERM\nkill(other, SIGCONT): ok\n"
            "syscall(SYS_tgkill, other, other, SIGTERM): EPERM\nordinary: exited 0\nother: killed by "
            "SIGKILL\n");
        return 0;
    }
    pid_t other = CHILD({
        MUST(setresuid(1234, 1234, 1234));
        gate_pass(&ready);
        for (;;) pause();
    });
    gate_wait(&ready);
    RUNS("ordinary", {
        become_ordinary();
        OK(kill(other, 0));
        OK(kill(other, SIGTERM));
        OK(kill(other, SIGCONT));
        OK(syscall(SYS_tgkill, other, other, SIGTERM));
    });
    kill(other, SIGKILL);
    reap("other", other);
    return 0;
}
