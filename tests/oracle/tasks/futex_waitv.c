// futex_waitv: waits on several words and says which woke it; the errors.
#include "oracle.h"

#include <linux/futex.h>
static int words[3];
static long waitv(struct futex_waitv* list, unsigned n, unsigned flags, struct timespec* until,
                  clockid_t clock) {
    return syscall(SYS_futex_waitv, list, n, flags, until, clock);
}
static void* waker(void* arg) {
    while (syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1) sched_yield();
    return arg;
}
int main(void) {
    struct futex_waitv list[3] = {{0}};
    struct timespec past = {1, 0};
    for (int i = 0; i < 3; i++) {
        list[i].uaddr = (uintptr_t)&words[i];
        list[i].flags = FUTEX_32 | FUTEX_PRIVATE_FLAG;
    }
    OK(waitv(list, 0, 0, NULL, CLOCK_MONOTONIC));
    OK(waitv(list, 129, 0, NULL, CLOCK_MONOTONIC));
    OK(waitv(list, 3, 1, NULL, CLOCK_MONOTONIC));
    OK(waitv(NULL, 3, 0, NULL, CLOCK_MONOTONIC));
    OK(waitv(list, 3, 0, &past, CLOCK_BOOTTIME));
    OK(waitv(list, 3, 0, &past, CLOCK_MONOTONIC));
    OK(waitv(list, 3, 0, &past, CLOCK_REALTIME));
    list[2].val = 1;
    OK(waitv(list, 3, 0, &past, CLOCK_MONOTONIC));
    list[2].val = 0;
    list[1].flags = 0;
    OK(waitv(list, 3, 0, &past, CLOCK_MONOTONIC));
    list[1].flags = FUTEX_32 | FUTEX_PRIVATE_FLAG;
    list[1].__reserved = 1;
    OK(waitv(list, 3, 0, &past, CLOCK_MONOTONIC));
    list[1].__reserved = 0;
    pthread_t t;
    pthread_create(&t, NULL, waker, NULL);
    NUM(waitv(list, 3, 0, NULL, CLOCK_MONOTONIC));
    pthread_join(t, NULL);
    return 0;
}
