// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: waiters move from a plain word to a lock they then own in
// turn.
#include "oracle.h"

#include <linux/futex.h>
static int condition, lock_word;
static int served;
static void* waiter(void* arg) {
    long r = syscall(SYS_futex, &condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &lock_word, 0);
    int owner = (lock_word & FUTEX_TID_MASK) == gettid();
    __atomic_add_fetch(&served, r == 0 && owner, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &lock_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return arg;
}
int main(void) {
    struct timespec past = {1, 0};
    OK(syscall(SYS_futex, &condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 5, NULL, &lock_word, 0));
    OK(syscall(SYS_futex, &condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &past, &lock_word, 0));
    OK(syscall(SYS_futex, &condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &condition, 0));
    OK(syscall(SYS_futex, &condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, 1L, &lock_word, 0));
    OK(syscall(SYS_futex, &condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1L, &lock_word, 7));
    OK(syscall(SYS_futex, &condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1L, &condition, 0));
    pthread_t t[3];
    for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, waiter, NULL);
    syscall(SYS_futex, &lock_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    int moved = 0;
    while (moved < 3) {
        int r = syscall(SYS_futex, &condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 10L, &lock_word, 0);
        if (r > 0) moved += r;
        sched_yield();
    }
    NUM(moved);
    OK(syscall(SYS_futex, &lock_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    NUM(served);
    NUM(lock_word);
    return 0;
}
