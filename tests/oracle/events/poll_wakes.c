// poll wakes when another thread or process makes a descriptor ready or closes the other end.
#include "oracle.h"

static struct gate go;
static int ends[2];
static void* writer(void* arg) {
    gate_wait(&go);
    sleep_ms(10);
    if (arg)
        write(ends[1], "x", 1);
    else
        close(ends[1]);
    return NULL;
}
int main(void) {
    go = gate_new();
    for (int round = 0; round < 2; round++) {
        pipe(ends);
        pthread_t t;
        pthread_create(&t, NULL, writer, round == 0 ? "write" : NULL);
        struct pollfd p[2] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 0}};
        gate_pass(&go);
        NUM(poll(p, 2, 5000));
        say("in %d hup %d other %d\n", !!(p[0].revents & POLLIN), !!(p[0].revents & POLLHUP), p[1].revents);
        pthread_join(t, NULL);
    }
    pipe(ends);
    pid_t p = CHILD(sleep_ms(10); write(ends[1], "y", 1));
    struct pollfd one = {ends[0], POLLIN, 0};
    NUM(poll(&one, 1, -1));
    reap("child", p);
    return 0;
}
