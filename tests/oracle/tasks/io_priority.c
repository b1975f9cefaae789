// ioprio_get and ioprio_set: classes, levels, errors.
#include "oracle.h"

enum { who_process = 1, class_shift = 13, class_best_effort = 2, class_idle = 3 };
int main(void) {
    NUM(syscall(SYS_ioprio_get, who_process, 0) >= 0);
    OK(syscall(SYS_ioprio_set, who_process, 0, class_best_effort << class_shift | 5));
    NUM(syscall(SYS_ioprio_get, who_process, 0));
    OK(syscall(SYS_ioprio_set, who_process, 0, class_idle << class_shift));
    NUM(syscall(SYS_ioprio_get, who_process, getpid()));
    OK(syscall(SYS_ioprio_set, who_process, 0, 7 << class_shift));
    OK(syscall(SYS_ioprio_get, 77, 0));
    OK(syscall(SYS_ioprio_set, 77, 0, class_idle << class_shift));
    OK(syscall(SYS_ioprio_get, who_process, 999999));
    RUNS("child", NUM(syscall(SYS_ioprio_get, who_process, 0)));
    return 0;
}
