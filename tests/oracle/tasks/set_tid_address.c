// set_tid_address: gives the thread id, and the word is cleared and woken when the thread ends.
#include "oracle.h"

#include <linux/futex.h>
static int* word;
static void* thread(void* arg) {
    YES(syscall(SYS_set_tid_address, word) == gettid());
    syscall(SYS_exit, 0);
    return arg;
}
int main(void) {
    word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    YES(syscall(SYS_set_tid_address, word) == getpid());
    *word = 77;
    pthread_t t;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_create(&t, &attr, thread, NULL);
    while (*(volatile int*)word == 77) syscall(SYS_futex, word, FUTEX_WAIT, 77, NULL, NULL, 0);
    NUM(*word);
    *word = 55;
    RUNS("not inherited by fork", _exit(1));
    NUM(*word);
    return 0;
}
