// wait4: the status of every way to end, and WNOHANG.
#include "oracle.h"

int main(void) {
    int status;
    RUNS("exit 0", _exit(0));
    RUNS("exit 255", _exit(255));
    RUNS("exit 256", _exit(256));
    RUNS("exit -1", _exit(-1));
    RUNS("SIGKILL", kill(getpid(), SIGKILL));
    RUNS("SIGTERM", raise(SIGTERM));
    RUNS("abort", abort());
    RUNS("real-time", raise(SIGRTMIN + 2));
    RUNS("SIGPIPE", raise(SIGPIPE));
    pid_t p = CHILD(pause());
    NUM(waitpid(p, &status, WNOHANG));
    NUM(waitpid(-1, &status, WNOHANG));
    kill(p, SIGINT);
    reap("paused", p);
    OK(waitpid(p, &status, 0));
    return 0;
}
