// Barriers, reader-writer locks, semaphores, condition variables with deadlines, and once.
#include "oracle.h"

#include <semaphore.h>
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static int serial, in_once, total;
static void first(void) {
    in_once++;
}
static void* worker(void* arg) {
    pthread_once(&once, first);
    for (int i = 0; i < 20; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
        pthread_rwlock_wrlock(&rwlock);
        total++;
        pthread_rwlock_unlock(&rwlock);
        pthread_rwlock_rdlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
    }
    sem_post(&semaphore);
    return arg;
}
int main(void) {
    pthread_t t[4];
    struct timespec past = {1, 0};
    pthread_barrier_init(&barrier, NULL, 4);
    ERR(pthread_barrier_init(&(pthread_barrier_t){{0}}, NULL, 0));
    OK(sem_init(&semaphore, 0, 0));
    OK(sem_trywait(&semaphore));
    OK(sem_timedwait(&semaphore, &past));
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, worker, NULL);
    for (int i = 0; i < 4; i++) OK(sem_wait(&semaphore));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    NUM(serial);
    NUM(in_once);
    NUM(total);
    ERR(pthread_rwlock_rdlock(&rwlock));
    ERR(pthread_rwlock_tryrdlock(&rwlock));
    ERR(pthread_rwlock_trywrlock(&rwlock));
    ERR(pthread_rwlock_timedwrlock(&rwlock, &past));
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&m);
    ERR(pthread_cond_timedwait(&c, &m, &past));
    ERR(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &past));
    return 0;
}
