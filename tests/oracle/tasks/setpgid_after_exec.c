// setpgid on a child that has executed a program: EACCES.
#include "oracle.h"

int main(void) {
    int ends[2];
    MUST(pipe(ends));
    pid_t p = CHILD({
        dup2(ends[1], 1);
        execl("/bin/sh", "sh", "-c", "echo x; exec sleep 15", (char*)NULL);
        _exit(1);
    });
    char c;
    NUM(read(ends[0], &c, 1));
    OK(setpgid(p, p));
    kill(p, SIGKILL);
    reap("child", p);
    return 0;
}
