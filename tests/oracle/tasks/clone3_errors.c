// clone3: sizes and fields that are refused.
#include <linux/sched.h>
#include "oracle.h"
static long clone3(void* args, size_t size) {
    return syscall(SYS_clone3, args, size);
}
int main(void) {
    static char big[8192];
    struct clone_args args = {.exit_signal = SIGCHLD};
    OK(clone3(&args, CLONE_ARGS_SIZE_VER0 - 1));
    OK(clone3(&args, 0));
    OK(clone3(&args, 5000));
    OK(clone3(BAD, sizeof args));
    big[200] = 1;
    memcpy(big, &args, sizeof args);
    OK(clone3(big, 256));
    args.exit_signal = 65;
    OK(clone3(&args, sizeof args));
    args.exit_signal = SIGCHLD;
    args.stack = 4096;
    OK(clone3(&args, sizeof args));
    args.stack = 0;
    args.stack_size = 4096;
    OK(clone3(&args, sizeof args));
    args.stack_size = 0;
    args.flags = CLONE_DETACHED;
    OK(clone3(&args, sizeof args));
    args.flags = SIGCHLD;
    OK(clone3(&args, sizeof args));
    args.flags = CLONE_SIGHAND | CLONE_CLEAR_SIGHAND | CLONE_VM;
    OK(clone3(&args, sizeof args));
    args.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    OK(clone3(&args, sizeof args));
    args.flags = 0;
    args.set_tid = (uintptr_t)BAD;
    OK(clone3(&args, sizeof args));
    args.set_tid_size = 100;
    OK(clone3(&args, sizeof args));
    return 0;
}
