// SIGCHLD: its siginfo for each event, SA_NOCLDSTOP, SA_NOCLDWAIT and ignoring it.
#include "oracle.h"

static volatile sig_atomic_t events;
static siginfo_t last;
static void on(int s, siginfo_t* info, void* c) {
    (void)s, (void)c;
    last = *info;
    events = events + 1;
}
static void expect(const char* what, pid_t p, int before) {
    while (events == before) sleep_ms(1);
    const char* names[] = {"?", "EXITED", "KILLED", "DUMPED", "TRAPPED", "STOPPED", "CONTINUED"};
    say("%s: CLD_%s status %d pid ok %d\n", what,
        last.si_code > 0 && last.si_code < 7 ? names[last.si_code] : "?", last.si_status, last.si_pid == p);
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGCHLD, &action, NULL);
    int before = events;
    pid_t p = CHILD(_exit(3));
    expect("exit", p, before);
    reap("exit", p);
    p = CHILD(for (;;) pause());
    before = events;
    kill(p, SIGSTOP);
    expect("stop", p, before);
    before = events;
    kill(p, SIGCONT);
    expect("continue", p, before);
    before = events;
    kill(p, SIGTERM);
    expect("kill", p, before);
    reap("kill", p);
    action.sa_flags = SA_SIGINFO | SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, NULL);
    before = events;
    p = CHILD(for (;;) pause());
    kill(p, SIGSTOP);
    int status;
    waitpid(p, &status, WUNTRACED);
    kill(p, SIGCONT);
    waitpid(p, &status, WCONTINUED);
    NUM(events - before);
    kill(p, SIGKILL);
    expect("killed", p, before);
    reap("killed", p);
    action.sa_flags = SA_SIGINFO | SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    before = events;
    p = CHILD(_exit(4));
    expect("not waited for", p, before);
    OK(waitpid(p, &status, 0));
    signal(SIGCHLD, SIG_IGN);
    p = CHILD(_exit(5));
    CHILD(_exit(6));
    OK(waitpid(-1, &status, 0));
    return 0;
}
