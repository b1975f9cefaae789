// Priority-inheritance futexes: the word holds the owner, the kernel hands it over, deadlock and foreign
// unlock are seen.
#include "oracle.h"

#include <linux/futex.h>
static int word;
static struct gate locked, release;
static long pi(int op, const struct timespec* t) {
    return syscall(SYS_futex, &word, op | FUTEX_PRIVATE_FLAG, 0, t, NULL, 0);
}
static void* owner(void* arg) {
    OK(pi(FUTEX_LOCK_PI, NULL));
    YES((word & FUTEX_TID_MASK) == gettid());
    gate_pass(&locked);
    gate_wait(&release);
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    return arg;
}
int main(void) {
    locked = gate_new();
    release = gate_new();
    struct timespec past = {1, 0};
    OK(pi(FUTEX_LOCK_PI, NULL));
    YES((word & FUTEX_TID_MASK) == gettid());
    OK(pi(FUTEX_LOCK_PI, NULL));
    OK(pi(FUTEX_TRYLOCK_PI, NULL));
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    NUM(word);
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    OK(pi(FUTEX_TRYLOCK_PI, NULL));
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    pthread_t t;
    pthread_create(&t, NULL, owner, NULL);
    gate_wait(&locked);
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    OK(pi(FUTEX_TRYLOCK_PI, NULL));
    OK(pi(FUTEX_LOCK_PI, &past));
    YES((word & FUTEX_WAITERS) != 0);
    gate_pass(&release);
    long r = pi(FUTEX_LOCK_PI, NULL);
    pthread_join(t, NULL);
    NUM(r);
    YES((word & FUTEX_TID_MASK) == gettid());
    OK(pi(FUTEX_UNLOCK_PI, NULL));
    word = 4000000;
    OK(pi(FUTEX_LOCK_PI, NULL));
    return 0;
}
