// sched_getattr and sched_setattr: sizes, policies, nice values, errors.
#include "oracle.h"

struct sched_attr {  // as in linux/sched/types.h, which cannot stand beside sched.h
    uint32_t size, sched_policy;
    uint64_t sched_flags;
    int32_t sched_nice;
    uint32_t sched_priority;
    uint64_t sched_runtime, sched_deadline, sched_period;
    uint32_t sched_util_min, sched_util_max;
};
static long get(pid_t p, struct sched_attr* a, unsigned size, unsigned flags) {
    return syscall(SYS_sched_getattr, p, a, size, flags);
}
static long set(pid_t p, struct sched_attr* a, unsigned flags) {
    return syscall(SYS_sched_setattr, p, a, flags);
}
int main(void) {
    struct sched_attr a = {0};
    OK(get(0, &a, sizeof a, 0));
    YES(a.size >= 48 && a.sched_policy == SCHED_OTHER && a.sched_nice == 0 && a.sched_priority == 0);
    OK(get(0, &a, 20, 0));
    OK(get(0, &a, sizeof a, 1));
    OK(get(-1, &a, sizeof a, 0));
    OK(get(999999, &a, sizeof a, 0));
    OK(get(0, BAD, sizeof a, 0));
    OK(get(0, NULL, sizeof a, 0));
    a = (struct sched_attr){.size = sizeof a, .sched_policy = SCHED_BATCH, .sched_nice = 3};
    OK(set(0, &a, 0));
    NUM(sched_getscheduler(0));
    NUM(getpriority(PRIO_PROCESS, 0));
    OK(set(0, &a, 2));
    OK(set(0, NULL, 0));
    a.sched_policy = 99;
    OK(set(0, &a, 0));
    a.size = 10;
    OK(set(0, &a, 0));
    a = (struct sched_attr){.size = sizeof a, .sched_policy = SCHED_OTHER, .sched_priority = 5};
    OK(set(0, &a, 0));
    a = (struct sched_attr){.size = sizeof a, .sched_policy = SCHED_OTHER, .sched_flags = 1ull << 40};
    OK(set(0, &a, 0));
    return 0;
}
