// A signal to the process goes to a thread that does not block it; one to a thread only there.
#include "oracle.h"

static pthread_t worker;
static struct gate ready;
static void on(int s) {
    say("%s in the %s\n", signal_name(s), pthread_equal(pthread_self(), worker) ? "worker" : "main thread");
}
static void* thread(void* arg) {
    sigset_t set, wait;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    gate_pass(&ready);
    sigfillset(&wait);
    sigdelset(&wait, SIGUSR1);
    gate_wait((struct gate*)arg);
    return NULL;
}
int main(void) {
    struct gate done = gate_new();
    ready = gate_new();
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    signal(SIGUSR1, on);
    signal(SIGUSR2, on);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&worker, NULL, thread, &done);
    gate_wait(&ready);
    kill(getpid(), SIGUSR1);
    sleep_ms(20);
    pthread_kill(worker, SIGUSR2);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR2));
    kill(getpid(), SIGUSR2);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR2));
    gate_pass(&done);
    pthread_join(worker, NULL);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR2));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return 0;
}
