// SIGSTOP stops every thread, SIGCONT starts them again and discards a pending stop; SIGKILL always wins.
#include "oracle.h"

static volatile int* counter;
static void* spin(void* arg) {
    for (;;) {
        counter[(long)arg]++;
        sched_yield();
    }
    return NULL;
}
static int moves(int i) {
    int a = counter[i];
    for (int k = 0; k < 200; k++) {
        sleep_ms(1);
        if (counter[i] != a) return 1;
    }
    return 0;
}
int main(void) {
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t p = CHILD({
        pthread_t t;
        pthread_create(&t, NULL, spin, (void*)1);
        spin(0);
    });
    YES(moves(0) && moves(1));
    kill(p, SIGSTOP);
    int status;
    waitpid(p, &status, WUNTRACED);
    STR(status_text(status));
    int a = counter[0], b = counter[1];
    sleep_ms(30);
    YES(counter[0] == a && counter[1] == b);
    kill(p, SIGCONT);
    YES(moves(0) && moves(1));
    kill(p, SIGSTOP);
    waitpid(p, &status, WUNTRACED);
    kill(p, SIGKILL);
    reap("killed", p);
    return 0;
}
