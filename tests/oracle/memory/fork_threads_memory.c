// fork from a thread while others write: the child has one thread and a consistent copy.
#include "oracle.h"

static volatile int stop;
static volatile long pair[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void* writer(void* arg) {
    while (!stop) {
        pthread_mutex_lock(&mutex);
        pair[0]++;
        pair[1]++;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}
static void* forker(void* arg) {
    int bad = 0;
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        pid_t p = fork();
        if (p == 0) {
            long a = pair[0];
            for (volatile int k = 0; k < 10000; k++) {
            }
            _exit(pair[0] == pair[1] && pair[0] == a ? 0 : 1);
        }
        pthread_mutex_unlock(&mutex);
        int status;
        waitpid(p, &status, 0);
        bad += status != 0;
    }
    NUM(bad);
    return arg;
}
int main(void) {
    pthread_t t[3];
    for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, writer, NULL);
    pthread_create(&t[2], NULL, forker, NULL);
    pthread_join(t[2], NULL);
    stop = 1;
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    YES(pair[0] == pair[1]);
    return 0;
}
