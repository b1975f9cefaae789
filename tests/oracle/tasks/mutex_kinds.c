// pthread mutexes of each kind: relock, foreign unlock, trylock and deadlines.
#include "oracle.h"

static pthread_mutex_t mutex;
static void* other(void* arg) {
    struct timespec past = {1, 0};
    ERR(pthread_mutex_trylock(&mutex));
    ERR(pthread_mutex_timedlock(&mutex, &past));
    if (arg) ERR(pthread_mutex_unlock(&mutex));
    return NULL;
}
static void kind(const char* name, int type) {
    say("%s\n", name);
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutex_init(&mutex, &attr);
    ERR(pthread_mutex_lock(&mutex));
    pthread_t t;
    pthread_create(&t, NULL, other, type == PTHREAD_MUTEX_NORMAL ? NULL : "unlock");
    pthread_join(t, NULL);
    ERR(pthread_mutex_trylock(&mutex));
    if (type == PTHREAD_MUTEX_RECURSIVE) ERR(pthread_mutex_unlock(&mutex));
    ERR(pthread_mutex_unlock(&mutex));
    if (type != PTHREAD_MUTEX_NORMAL) ERR(pthread_mutex_unlock(&mutex));
    ERR(pthread_mutex_destroy(&mutex));
}
int main(void) {
    kind("normal", PTHREAD_MUTEX_NORMAL);
    kind("recursive", PTHREAD_MUTEX_RECURSIVE);
    kind("error checking", PTHREAD_MUTEX_ERRORCHECK);
    return 0;
}
