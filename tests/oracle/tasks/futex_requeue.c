// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: some wake, the rest wait on the second word.
#include "oracle.h"

#include <linux/futex.h>
static int first, second;
static void* waiter(void* arg) {
    syscall(SYS_futex, &first, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return arg;
}
static long requeue(int op, int wake, long limit, int expect) {
    return syscall(SYS_futex, &first, op | FUTEX_PRIVATE_FLAG, wake, limit, &second, expect);
}
static long wake(int* word, int n) {
    return syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}
int main(void) {
    OK(requeue(FUTEX_CMP_REQUEUE, 1, 1, 5));
    NUM(requeue(FUTEX_CMP_REQUEUE, 1, 1, 0));
    OK(requeue(FUTEX_CMP_REQUEUE, -1, 1, 0));
    OK(requeue(FUTEX_CMP_REQUEUE, 1, -1, 0));
    OK(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1L, BAD, 0));
    OK(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1L, (char*)&second + 1, 0));
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, waiter, NULL);
    int moved = 0;
    while (moved < 4) {
        moved += requeue(FUTEX_CMP_REQUEUE, 0, 10, 0);
        sched_yield();
    }
    NUM(moved);
    NUM(wake(&first, 10));
    NUM(wake(&second, 1));
    NUM(wake(&second, 10));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    pthread_create(&t[0], NULL, waiter, NULL);
    while (requeue(FUTEX_REQUEUE, 1, 10, 0) != 1) sched_yield();
    pthread_join(t[0], NULL);
    return 0;
}
