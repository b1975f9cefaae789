// SIGCONT removes pending stop signals and a stop signal removes a pending SIGCONT, blocked or not.
#include "oracle.h"

static void on(int s) {
    say("handler %s\n", signal_name(s));
}
static void pending(const char* when) {
    sigset_t set;
    sigpending(&set);
    say("%s: TSTP %d CONT %d\n", when, sigismember(&set, SIGTSTP), sigismember(&set, SIGCONT));
}
int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    signal(SIGCONT, on);
    signal(SIGTSTP, on);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTSTP);
    pending("stop sent");
    raise(SIGCONT);
    pending("continue sent");
    raise(SIGTSTP);
    pending("stop sent again");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return 0;
}
