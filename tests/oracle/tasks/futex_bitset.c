// futex with bitsets: only matching waiters wake; absolute deadlines on two clocks.
#include "oracle.h"

#include <linux/futex.h>
static int word;
static struct gate done;
static void* waiter(void* arg) {
    int bits = (int)(long)arg;
    long r = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bits);
    say("waiter %d: %ld\n", bits, r);
    gate_pass(&done);
    return NULL;
}
static long wake(int n, int bits) {
    return syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, n, NULL, NULL, bits);
}
int main(void) {
    done = gate_new();
    struct timespec past = {1, 0}, soon;
    OK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0));
    OK(wake(1, 0));
    OK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, NULL, 1));
    OK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &past, NULL, 1));
    OK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 5, &past, NULL, 1));
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 10000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
    OK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &soon, NULL, 1));
    pthread_t t[3];
    for (long i = 0; i < 3; i++) pthread_create(&t[i], NULL, waiter, (void*)(1L << i));
    for (int order = 0; order < 3; order++) {
        int bits = order == 0 ? 4 : order == 1 ? 1 : 2;
        while (wake(10, bits | 32) != 1) sched_yield();
        gate_wait(&done);
        NUM(wake(10, bits));
    }
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    NUM(wake(10, -1));
    return 0;
}
