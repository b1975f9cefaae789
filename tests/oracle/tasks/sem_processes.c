// Semaphores shared between processes: unnamed in shared memory, and named in /dev/shm.
#include "oracle.h"

#include <semaphore.h>
int main(void) {
    sem_t* pair = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    OK(sem_init(&pair[0], 1, 0));
    OK(sem_init(&pair[1], 1, 0));
    pid_t p = CHILD(for (int i = 0; i < 3; i++) {
        sem_wait(&pair[0]);
        say("child %d\n", i);
        sem_post(&pair[1]);
    });
    for (int i = 0; i < 3; i++) {
        say("parent %d\n", i);
        sem_post(&pair[0]);
        sem_wait(&pair[1]);
    }
    reap("child", p);
    char name[40];
    snprintf(name, sizeof name, "/oracle-sem-%d", getpid());
    errno = 0;
    YES(sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
    sem_t* s = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
    YES(s != SEM_FAILED);
    YES(sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    p = CHILD({
        sem_t* again = sem_open(name, 0);
        YES(again != SEM_FAILED);
        sem_post(again);
    });
    reap("named", p);
    int value = -1;
    OK(sem_getvalue(s, &value));
    NUM(value);
    OK(sem_unlink(name));
    OK(sem_unlink(name));
    return 0;
}
