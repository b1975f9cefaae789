// nice, getpriority, setpriority: ranges, inheritance, and that an ordinary user only goes up.
#include "oracle.h"

int main(void) {
    RUNS("ordinary", {
        become_ordinary();
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_NICE, &none);
        NUM(getpriority(PRIO_PROCESS, 0));
        NUM(nice(5));
        NUM(getpriority(PRIO_PROCESS, getpid()));
        NUM(syscall(SYS_getpriority, PRIO_PROCESS, 0));
        RUNS("child", NUM(getpriority(PRIO_PROCESS, 0)));
        OK(nice(-1));
        OK(setpriority(PRIO_PROCESS, 0, 4));
        OK(setpriority(PRIO_PROCESS, 0, 100));
        NUM(getpriority(PRIO_PROCESS, 0));
        OK(setpriority(7, 0, 0));
        OK(getpriority(7, 0));
        OK(getpriority(PRIO_PROCESS, 999999));
        OK(setpriority(PRIO_PROCESS, 999999, 0));
        OK(getpriority(PRIO_PGRP, 999999));
    });
    return 0;
}
