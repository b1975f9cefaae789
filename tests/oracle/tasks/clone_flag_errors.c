// clone: combinations of flags that the manual forbids.
#include "oracle.h"

static long try_clone(unsigned long flags) {
    return syscall(SYS_clone, flags, 0, 0, 0, 0);
}
int main(void) {
    OK(try_clone(CLONE_THREAD | SIGCHLD));
    OK(try_clone(CLONE_THREAD | CLONE_VM | SIGCHLD));
    OK(try_clone(CLONE_SIGHAND | SIGCHLD));
    OK(try_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD));
    OK(try_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD));
    OK(try_clone(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD));
    return 0;
}
