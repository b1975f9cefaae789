// clone with CLONE_PARENT: the new process is the caller's sibling.
#include "oracle.h"

int main(void) {
    int ends[2];
    MUST(pipe(ends));
    pid_t p = fork();
    if (p == 0) {
        pid_t sibling = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
        if (sibling == 0) {
            alarm(20);
            _exit(21);
        }
        write(ends[1], &sibling, sizeof sibling);
        int status;
        OK(waitpid(sibling, &status, 0));
        _exit(22);
    }
    reap("child", p);
    pid_t sibling;
    read(ends[0], &sibling, sizeof sibling);
    reap("sibling", sibling);
    return 0;
}
