// futex wait and wake: the value is compared first, wake counts the woken, a timeout ends the wait.
#include "oracle.h"

#include <linux/futex.h>
static long futex(void* word, int op, int value, const void* timeout, void* word2, int value3) {
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}
static int word;
static void* waiter(void* arg) {
    long r = futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return (void*)(r == 0 ? arg : NULL);
}
static int wake_all(int expected) {
    int woken = 0;
    while (woken < expected) {
        woken += futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        sched_yield();
    }
    return woken;
}
int main(void) {
    struct timespec soon = {0, 5000000}, zero = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0};
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0));
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 0, &zero, NULL, 0));
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 0, &bad, NULL, 0));
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 0, &negative, NULL, 0));
    OK(futex(&word, FUTEX_WAIT, 0, &soon, NULL, 0));
    NUM(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    OK(futex((char*)&word + 1, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    OK(futex((char*)&word + 2, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0));
    OK(futex(BAD, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0));
    OK(futex(BAD, FUTEX_WAIT, 0, &soon, NULL, 0));
    OK(futex(&word, FUTEX_WAIT_PRIVATE, 0, BAD, NULL, 0));
    OK(futex(&word, 77, 0, NULL, NULL, 0));
    OK(futex(&word, FUTEX_FD, 0, NULL, NULL, 0));
    OK(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    pthread_t t[5];
    for (int i = 0; i < 5; i++) pthread_create(&t[i], NULL, waiter, "woken");
    NUM(wake_all(5));
    for (int i = 0; i < 5; i++) {
        void* result;
        pthread_join(t[i], &result);
        STR((char*)(result ? result : "failed"));
    }
    return 0;
}
