// A zombie still has its pid: kill and getpgid reach it, wait takes it, then it is gone.
#include "oracle.h"

int main(void) {
    pid_t p = CHILD(_exit(8));
    siginfo_t info;
    waitid(P_PID, p, &info, WEXITED | WNOWAIT);
    OK(kill(p, SIGKILL));
    OK(kill(p, 0));
    YES(getpgid(p) == getpgrp());
    YES(getsid(p) == getsid(0));
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", p);
    const char* stat = get_file(path);
    const char* after = strrchr(stat, ')');
    say("state %c\n", after ? after[2] : '?');
    reap("zombie", p);
    OK(kill(p, 0));
    OK(getpgid(p));
    OK(access(path, F_OK));
    return 0;
}
