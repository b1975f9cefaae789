// Other ways in: x32 numbers are ENOSYS; the vsyscall page gives the time or a fault; 32-bit calls end in an
// orderly way.
#include "oracle.h"

static void on(int s) {
    say("%s\n", signal_name(s) ? "answered by a signal or a result" : "");
    _exit(0);
}
int main(void) {
    OK(syscall(0x40000000 + SYS_getpid));
    RUNS("vsyscall", {
        signal(SIGSEGV, on);
        time_t t = ((time_t(*)(time_t*))0xffffffffff600400ul)(NULL);
        if (t > 1000000) on(0);
    });
    RUNS("jump into the middle of vsyscall", { ((void (*)(void))0xffffffffff600401ul)(); });
    return 0;
}
