// Closing a descriptor that another thread waits on does not end the wait; data that arrives later does.
#include "oracle.h"

static int ends[2];
static struct gate ready;
static void* reader(void* arg) {
    char c = 0;
    gate_pass(&ready);
    long n = read(ends[0], &c, 1);
    say("reader got %ld %c\n", n, c);
    return arg;
}
int main(void) {
    ready = gate_new();
    pipe(ends);
    int copy = dup(ends[0]);
    pthread_t t;
    pthread_create(&t, NULL, reader, NULL);
    gate_wait(&ready);
    sleep_ms(30);
    close(ends[0]);
    sleep_ms(10);
    say("closed\n");
    write(ends[1], "d", 1);
    pthread_join(t, NULL);
    close(copy);
    return 0;
}
