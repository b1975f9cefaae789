// Stops and continues as wait sees them: WUNTRACED, WCONTINUED, WSTOPPED; each reported once.
#include "oracle.h"

int main(void) {
    int status;
    siginfo_t info = {0};
    pid_t p = CHILD(for (;;) pause());
    setpgid(p, p);  // else its group may be orphaned, where SIGTSTP does nothing
    kill(p, SIGSTOP);
    YES(waitpid(p, &status, WUNTRACED) == p);
    STR(status_text(status));
    NUM(waitpid(p, &status, WUNTRACED | WNOHANG));
    kill(p, SIGCONT);
    YES(waitpid(p, &status, WCONTINUED) == p);
    STR(status_text(status));
    NUM(waitpid(p, &status, WCONTINUED | WNOHANG));
    kill(p, SIGTSTP);
    OK(waitid(P_PID, p, &info, WSTOPPED | WNOWAIT));
    say("%s %d\n", signal_name(info.si_status), info.si_code == CLD_STOPPED);
    OK(waitid(P_PID, p, &info, WSTOPPED));
    kill(p, SIGCONT);
    OK(waitid(P_PID, p, &info, WCONTINUED));
    say("%s %d\n", signal_name(info.si_status), info.si_code == CLD_CONTINUED);
    kill(p, SIGSTOP);
    OK(waitid(P_PID, p, &info, WSTOPPED));
    kill(p, SIGTERM);
    NUM(waitpid(p, &status, WNOHANG));
    kill(p, SIGCONT);
    reap("after SIGCONT", p);
    p = CHILD(for (;;) pause());
    kill(p, SIGSTOP);
    waitpid(p, &status, WUNTRACED);
    kill(p, SIGKILL);
    reap("killed while stopped", p);
    return 0;
}
