// exit_group ends all threads with one status; exit of one thread ends only that; main may leave first.
#include "oracle.h"

static void* leaver(void* arg) {
    return arg;
}
static void* whole(void* arg) {
    sleep_ms(10);
    _exit((int)(long)arg);
    return NULL;
}
static void* bare(void* arg) {
    sleep_ms(20);
    syscall(SYS_exit, 9);
    return arg;
}

static void* late(void* arg) {
    sleep_ms(30);
    say("late thread still runs\n");
    return arg;
}
int main(void) {
    RUNS("thread calls _exit", {
        pthread_t t;
        pthread_create(&t, NULL, leaver, NULL);
        pthread_create(&t, NULL, whole, (void*)42);
        for (;;) pause();
    });
    RUNS("main leaves first", {
        pthread_t t;
        pthread_create(&t, NULL, late, NULL);
        pthread_exit(NULL);
    });
    RUNS("main leaves, thread sets the status", {
        pthread_t t;
        pthread_create(&t, NULL, whole, (void*)43);
        syscall(SYS_exit, 7);
    });
    RUNS("the last thread's status counts, not the first one's", {
        pthread_t t;
        pthread_create(&t, NULL, bare, NULL);
        syscall(SYS_exit, 7);
    });
    RUNS("bare exit", syscall(SYS_exit, 300));
    RUNS("killed by a signal to a thread", {
        pthread_t t;
        pthread_create(&t, NULL, late, NULL);
        pthread_kill(t, SIGTERM);
        for (;;) pause();
    });
    return 0;
}
