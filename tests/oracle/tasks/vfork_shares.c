// vfork: the parent waits until the child exits or execs, and sees what the child wrote.
#include "oracle.h"

static volatile int value = 1;
int main(int argc, char** argv) {
    if (argc > 1) {
        say("program run by the child, value %d\n", value);
        return 7;
    }
    pid_t p = vfork();
    if (p == 0) {
        value = 2;
        _exit(4);
    }
    NUM(value);
    reap("exiting", p);
    p = vfork();
    if (p == 0) {
        value = 3;
        execl(argv[0], argv[0], "again", (char*)NULL);
        _exit(1);
    }
    reap("executing", p);
    NUM(value);
    p = vfork();
    if (p == 0) {
        execl("/nonexistent/program", "x", (char*)NULL);
        value = errno;
        _exit(127);
    }
    STR(errno_name(value));
    reap("failing", p);
    return 0;
}
