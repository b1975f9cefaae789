// pthread mutexes with priority inheritance, under contention, with condition variables and with a deadline.
#include "oracle.h"

static pthread_mutex_t mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int counter, turn;
static void* worker(void* arg) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}
static void* partner(void* arg) {
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != 1) pthread_cond_wait(&condition, &mutex);
        turn = 0;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}
static void* holder(void* arg) {
    struct timespec past = {1, 0};
    ERR(pthread_mutex_trylock(&mutex));
    ERR(pthread_mutex_timedlock(&mutex, &past));
    return arg;
}
int main(void) {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    ERR(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    ERR(pthread_mutex_init(&mutex, &attr));
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, worker, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    NUM(counter);
    pthread_create(&t[0], NULL, partner, NULL);
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        turn = 1;
        pthread_cond_broadcast(&condition);
        while (turn != 0) pthread_cond_wait(&condition, &mutex);
        pthread_mutex_unlock(&mutex);
    }
    pthread_join(t[0], NULL);
    NUM(turn);
    ERR(pthread_mutex_lock(&mutex));
    ERR(pthread_mutex_lock(&mutex));
    pthread_create(&t[0], NULL, holder, NULL);
    pthread_join(t[0], NULL);
    ERR(pthread_mutex_unlock(&mutex));
    ERR(pthread_mutex_unlock(&mutex));
    return 0;
}
