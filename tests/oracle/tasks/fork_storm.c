// A few hundred processes, several at a time, from several threads: every one is reaped once with its own
// status.
#include "oracle.h"

static int wrong, reaped;
static void* parent(void* arg) {
    for (int i = 0; i < 40; i++) {
        int code = (i * 7 + (int)(long)arg) % 200;
        pid_t p = fork();
        if (p == 0) _exit(code);
        int status;
        if (p < 0 || waitpid(p, &status, 0) != p || !WIFEXITED(status) || WEXITSTATUS(status) != code)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&reaped, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}
int main(void) {
    pthread_t t[3];
    for (long i = 0; i < 3; i++) pthread_create(&t[i], NULL, parent, (void*)i);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    NUM(reaped);
    NUM(wrong);
    int status;
    OK(waitpid(-1, &status, 0));
    return 0;
}
