// Children belong to the process: any thread may wait for them, unless it says __WNOTHREAD; two waiters get
// one each.
#include "oracle.h"

static pid_t child;
static struct gate made, asked;
static void* forker(void* arg) {
    child = CHILD(pause());
    gate_pass(&made);
    gate_wait(&asked);
    return arg;
}
static void* waiter(void* arg) {
    int status;
    pid_t p = waitpid(-1, &status, 0);
    return (void*)(long)(p > 0 ? WEXITSTATUS(status) : -1) + (long)arg * 0;
}
int main(void) {
    made = gate_new();
    asked = gate_new();
    pthread_t t;
    int status;
    pthread_create(&t, NULL, forker, NULL);
    gate_wait(&made);
    OK(waitpid(child, &status, __WNOTHREAD));
    NUM(waitpid(child, &status, WNOHANG));
    kill(child, SIGTERM);
    reap("another thread's child", child);
    gate_pass(&asked);
    pthread_join(t, NULL);
    pthread_t two[2];
    for (int i = 0; i < 2; i++) CHILD(sleep_ms(5); _exit(10 + i));
    for (int i = 0; i < 2; i++) pthread_create(&two[i], NULL, waiter, NULL);
    void* results[2];
    for (int i = 0; i < 2; i++) pthread_join(two[i], &results[i]);
    NUM((long)results[0] + (long)results[1]);
    pthread_create(&t, NULL, waiter, NULL);
    pthread_join(t, results);
    NUM((long)results[0]);
    return 0;
}
