// A stopped process whose group becomes orphaned gets SIGHUP and SIGCONT; stop signals of the terminal do
// nothing there.
#include "oracle.h"

static volatile sig_atomic_t hangup, continued;
static void on(int s) {
    if (s == SIGHUP) hangup = 1;
    if (s == SIGCONT) continued = 1;
}
int main(void) {
    int ends[2];
    MUST(pipe(ends));
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    struct gate go = gate_new();
    RUNS("session", {
        setsid();
        pid_t p = CHILD({
            signal(SIGHUP, on);
            signal(SIGCONT, on);
            setpgid(0, 0);
            raise(SIGSTOP);
            while (!hangup || !continued) sleep_ms(1);
            gate_wait(&go);
            say("hangup %d continued %d\n", hangup, continued);
            raise(SIGTSTP);
            raise(SIGTTIN);
            raise(SIGTTOU);
            say("not stopped in an orphaned group\n");
            write(ends[1], "x", 1);
        });
        int status;
        waitpid(p, &status, WUNTRACED);
        say("%s\n", status_text(status));
    });
    gate_pass(&go);
    char c;
    read(ends[0], &c, 1);
    int status;
    wait(&status);
    say("orphan %s\n", status_text(status));
    return 0;
}
