// Threads and processes that signal each other without pause: every queued signal is delivered exactly once.
#include "oracle.h"

static volatile int received[2];
static void on(int s, siginfo_t* info, void* c) {
    (void)c;
    __atomic_add_fetch(&received[s - SIGRTMIN], 1, __ATOMIC_SEQ_CST);
    (void)info;
}
static void* sender(void* arg) {
    for (int i = 0; i < 500; i++)
        while (sigqueue(getpid(), SIGRTMIN + (int)(long)arg, (union sigval){.sival_int = i}) < 0)
            sched_yield();
    return NULL;
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGRTMIN + 1, &action, NULL);
    pthread_t t[3];
    for (long i = 0; i < 2; i++) pthread_create(&t[i], NULL, sender, (void*)i);
    pid_t parent = getpid();
    pid_t p = CHILD(for (int i = 0; i < 500; i++) while (
        sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i}) < 0) sched_yield());
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    reap("child", p);
    while (received[0] + received[1] < 1500) sched_yield();
    NUM(received[0]);
    NUM(received[1]);
    return 0;
}
