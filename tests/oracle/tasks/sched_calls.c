// The scheduling calls: policies, parameters, affinity, and what is refused.
#include "oracle.h"

int main(void) {
    struct sched_param param = {.sched_priority = 0};
    struct timespec interval;
    cpu_set_t set;
    NUM(sched_getscheduler(0));
    NUM(sched_get_priority_max(SCHED_OTHER));
    NUM(sched_get_priority_min(SCHED_OTHER));
    NUM(sched_get_priority_max(SCHED_FIFO));
    NUM(sched_get_priority_min(SCHED_RR));
    OK(sched_get_priority_max(99));
    OK(sched_getparam(0, &param));
    NUM(param.sched_priority);
    OK(sched_setscheduler(0, SCHED_BATCH, &param));
    NUM(sched_getscheduler(0));
    OK(sched_setscheduler(0, SCHED_OTHER, &param));
    param.sched_priority = 1;
    OK(sched_setscheduler(0, SCHED_OTHER, &param));
    OK(sched_setparam(0, &param));
    param.sched_priority = 100;
    OK(sched_setscheduler(0, SCHED_FIFO, &param));
    OK(sched_setscheduler(0, 99, &param));
    OK(sched_setscheduler(-1, SCHED_OTHER, &param));
    OK(sched_getscheduler(-1));
    OK(sched_getparam(-1, &param));
    OK(sched_getparam(0, NULL));
    OK(sched_rr_get_interval(0, &interval));
    OK(sched_rr_get_interval(-1, &interval));
    OK(sched_yield());
    OK(sched_getaffinity(0, sizeof set, &set));
    YES(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
    OK(syscall(SYS_sched_getaffinity, 0, 1, &set));
    OK(syscall(SYS_sched_getaffinity, 0, 12, &set));
    OK(syscall(SYS_sched_getaffinity, 0, 128, BAD));
    int first = 0;
    while (!CPU_ISSET(first, &set)) first++;
    cpu_set_t one;
    CPU_ZERO(&one);
    OK(sched_setaffinity(0, sizeof one, &one));
    CPU_SET(first, &one);
    OK(sched_setaffinity(0, sizeof one, &one));
    OK(sched_getaffinity(0, sizeof set, &set));
    NUM(CPU_COUNT(&set));
    YES(sched_getcpu() == first);
    unsigned cpu = 99;
    unsigned node = 99;
    OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    YES((int)cpu == first);
    RUNS("inherited", sched_getaffinity(0, sizeof set, &set); NUM(CPU_COUNT(&set)));
    OK(sched_getaffinity(999999, sizeof set, &set));
    RUNS("ordinary", {
        become_ordinary();
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_RTPRIO, &none);
        param.sched_priority = 10;
        OK(sched_setscheduler(0, SCHED_FIFO, &param));
        param.sched_priority = 0;
        OK(sched_setscheduler(0, SCHED_IDLE, &param));
        NUM(sched_getscheduler(0));
    });
    return 0;
}
