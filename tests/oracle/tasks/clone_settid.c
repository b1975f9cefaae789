// clone: CLONE_PARENT_SETTID, CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID store and clear the id, and wake a
// waiter.
#include <linux/futex.h>
#include "oracle.h"
static char stack[65536] __attribute__((aligned(16)));
static volatile int parent_tid, child_tid, seen_by_child;
static int child(void* arg) {
    (void)arg;
    seen_by_child = child_tid == (int)syscall(SYS_gettid);
    sleep_ms(20);
    return 5;
}
int main(void) {
    pid_t p = clone(child, stack + sizeof stack,
                    CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                    NULL, &parent_tid, NULL, &child_tid);
    YES(parent_tid == p);
    while (!seen_by_child) sleep_ms(1);
    for (int seen; (seen = child_tid) != 0;) syscall(SYS_futex, &child_tid, FUTEX_WAIT, seen, NULL, NULL, 0);
    NUM(seen_by_child);
    NUM(child_tid);
    reap("child", p);
    return 0;
}
