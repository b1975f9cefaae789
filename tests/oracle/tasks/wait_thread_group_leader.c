// A process whose first thread has left is waited for only when its last thread ends.
#include "oracle.h"

static struct gate leave;
static void* last(void* arg) {
    gate_wait(&leave);
    _exit(31);
    return arg;
}
int main(void) {
    leave = gate_new();
    int status;
    pid_t p = CHILD({
        pthread_t t;
        pthread_create(&t, NULL, last, NULL);
        syscall(SYS_exit, 1);
    });
    sleep_ms(50);
    NUM(waitpid(p, &status, WNOHANG));
    NUM(kill(p, 0));
    gate_pass(&leave);
    reap("process", p);
    OK(kill(p, 0));
    return 0;
}
