// A waiter that sleeps on a robust mutex (plain and priority-inheriting) of a process that dies gets
// EOWNERDEAD.
#include "oracle.h"

static void try_kind(int protocol) {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutex_t* m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_init(m, &attr);
    struct gate held = gate_new();
    pid_t holder = CHILD(pthread_mutex_lock(m); gate_pass(&held); pause());
    gate_wait(&held);
    pid_t waiter = CHILD({
        gate_pass(&held);
        int e = pthread_mutex_lock(m);
        say("waiter: %s\n", errno_name(e));
        pthread_mutex_consistent(m);
        pthread_mutex_unlock(m);
    });
    gate_wait(&held);
    sleep_ms(30);
    kill(holder, SIGKILL);
    reap("waiter", waiter);
    reap("holder", holder);
    ERR(pthread_mutex_lock(m));
    ERR(pthread_mutex_unlock(m));
}
int main(void) {
    try_kind(PTHREAD_PRIO_NONE);
    try_kind(PTHREAD_PRIO_INHERIT);
    return 0;
}
