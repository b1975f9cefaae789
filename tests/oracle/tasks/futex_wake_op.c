// FUTEX_WAKE_OP: every operation and comparison on the second word.
#include "oracle.h"

#include <linux/futex.h>
static int first, second;
static long op(int code, int arg, int compare, int against) {
    return syscall(SYS_futex, &first, FUTEX_WAKE_OP_PRIVATE, 1, 1L, &second,
                   FUTEX_OP(code, arg, compare, against));
}
static void* waiter(void* word) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, *(int*)word, NULL, NULL, 0);
    return NULL;
}
int main(void) {
    second = 10;
    NUM(op(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 10));
    NUM(second);
    NUM(op(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7));
    NUM(second);
    NUM(op(FUTEX_OP_OR, 3, FUTEX_OP_CMP_NE, 0));
    NUM(second);
    NUM(op(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_LT, 0));
    NUM(second);
    NUM(op(FUTEX_OP_XOR, 2, FUTEX_OP_CMP_GT, 0));
    NUM(second);
    NUM(op(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_LE, 0));
    NUM(second);
    NUM(op(FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_GE, 0));
    NUM(second);
    OK(op(9, 1, FUTEX_OP_CMP_EQ, 0));
    OK(op(FUTEX_OP_SET, 1, 9, 0));
    OK(syscall(SYS_futex, &first, FUTEX_WAKE_OP_PRIVATE, 1, 1L, BAD, 0));
    pthread_t t;
    second = 0;
    pthread_create(&t, NULL, waiter, &second);
    while (op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0) != 1) sched_yield();
    pthread_join(t, NULL);
    say("woken on the second word\n");
    pthread_create(&t, NULL, waiter, &first);
    while (op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 1) != 1) sched_yield();
    pthread_join(t, NULL);
    say("woken on the first word\n");
    return 0;
}
