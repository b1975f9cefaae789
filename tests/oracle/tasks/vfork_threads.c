// vfork and posix_spawn from several threads at once, while other threads go on running.
#include "oracle.h"

#include <spawn.h>
extern char** environ;
static volatile long ticks;
static volatile int stop;
static int good;
static void* spinner(void* arg) {
    while (!stop) ticks = ticks + 1;
    return arg;
}
static void* spawner(void* arg) {
    for (volatile int i = 0; i < 10; i++) {
        int status;
        pid_t p;
        if (i % 2) {
            p = vfork();
            if (p == 0) _exit(7);
        } else {
            char* args[] = {"sh", "-c", "exit 7", NULL};
            if (posix_spawn(&p, "/bin/sh", NULL, NULL, args, environ) != 0) p = -1;
        }
        if (p > 0 && waitpid(p, &status, 0) == p && WIFEXITED(status) && WEXITSTATUS(status) == 7)
            __atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}
int main(void) {
    pthread_t spin, t[3];
    pthread_create(&spin, NULL, spinner, NULL);
    for (int i = 0; i < 3; i++) pthread_create(&t[i], NULL, spawner, NULL);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    stop = 1;
    pthread_join(spin, NULL);
    NUM(good);
    YES(ticks > 0);
    return 0;
}
