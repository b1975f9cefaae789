// Two hundred threads, created and joined in waves, with different stack sizes; ids are distinct.
#include "oracle.h"

static int alive, most;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void* thread(void* arg) {
    char buffer[8192];
    memset(buffer, (int)(long)arg, sizeof buffer);
    pthread_mutex_lock(&mutex);
    if (++alive > most) most = alive;
    pthread_mutex_unlock(&mutex);
    while (__atomic_load_n(&most, __ATOMIC_SEQ_CST) < 50) sched_yield();
    pthread_mutex_lock(&mutex);
    alive--;
    pthread_mutex_unlock(&mutex);
    return (void*)(long)(buffer[100] == (char)(long)arg ? gettid() : 0);
}
int main(void) {
    static long ids[200];
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    int same = 0, failed = 0;
    for (int wave = 0; wave < 4; wave++) {
        pthread_t t[50];
        most = alive = 0;
        pthread_attr_setstacksize(&attr, 65536 << wave);
        for (long i = 0; i < 50; i++) failed += pthread_create(&t[i], &attr, thread, (void*)i) != 0;
        for (int i = 0; i < 50; i++) pthread_join(t[i], (void**)&ids[wave * 50 + i]);
        for (int i = 0; i < 50; i++)
            for (int j = 0; j < i; j++) same += ids[wave * 50 + i] == ids[wave * 50 + j];
    }
    NUM(failed);
    NUM(same);
    for (int i = 0; i < 200; i++) failed += ids[i] == 0;
    NUM(failed);
    return 0;
}
