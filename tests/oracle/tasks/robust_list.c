// Robust lists: what a dead thread held is marked and its waiter woken; get_robust_list.
#include "oracle.h"

#include <linux/futex.h>
#include <stddef.h>
struct lock {
    struct robust_list list;
    int word;
};
static struct lock locks[2];
static struct robust_list_head head = {{&head.list}, offsetof(struct lock, word), NULL};
static int held_by_process;
static void* dying(void* arg) {
    syscall(SYS_set_robust_list, &head, sizeof head);
    for (int i = 0; i < 2; i++) {
        locks[i].word = gettid() | (i ? FUTEX_WAITERS : 0);
        locks[i].list.next = i ? &head.list : &locks[1].list;
    }
    head.list.next = &locks[0].list;
    syscall(SYS_exit, 0);
    return arg;
}
int main(void) {
    OK(syscall(SYS_set_robust_list, &head, 1));
    struct robust_list_head* mine;
    size_t size;
    OK(syscall(SYS_get_robust_list, 0, &mine, &size));
    NUM(size);
    OK(syscall(SYS_get_robust_list, 999999, &mine, &size));
    OK(syscall(SYS_get_robust_list, 0, BAD, &size));
    pthread_t t;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_create(&t, &attr, dying, NULL);
    while (!(*(volatile int*)&locks[1].word & FUTEX_OWNER_DIED)) sched_yield();
    HEX(locks[0].word);
    HEX(locks[1].word);
    pthread_mutexattr_t robust;
    pthread_mutexattr_init(&robust);
    pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
    pthread_mutex_t* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_init(shared, &robust);
    RUNS("killed holder", pthread_mutex_lock(shared); kill(getpid(), SIGKILL));
    ERR(pthread_mutex_lock(shared));
    ERR(pthread_mutex_consistent(shared));
    ERR(pthread_mutex_unlock(shared));
    RUNS("exiting holder", pthread_mutex_lock(shared));
    ERR(pthread_mutex_lock(shared));
    ERR(pthread_mutex_unlock(shared));
    ERR(pthread_mutex_lock(shared));
    pthread_mutex_init(shared, &robust);
    pid_t p = CHILD({
        pthread_mutex_lock(shared);
        held_by_process = 1;
        execl("/bin/true", "true", (char*)NULL);
    });
    reap("executing holder", p);
    ERR(pthread_mutex_lock(shared));
    return 0;
}
