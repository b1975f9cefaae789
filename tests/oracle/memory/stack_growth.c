// The stack grows on demand far below, also by one large step, and is executable only if asked for.
#include "oracle.h"

static int use(size_t bytes) {
    volatile char* p = __builtin_alloca(bytes);
    p[0] = 1;
    p[bytes / 2] = 2;
    return p[0] + p[bytes / 2];
}
static void* thread(void* arg) {
    NUM(use(1 << 20));
    return arg;
}
int main(void) {
    NUM(use(100));
    NUM(use(4 << 20));
    NUM(use(7 << 20));
    pthread_t t;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 2 << 20);
    pthread_create(&t, &attr, thread, NULL);
    pthread_join(t, NULL);
    RUNS("thread beyond its stack", {
        pthread_attr_setstacksize(&attr, 512 << 10);
        pthread_create(&t, &attr, thread, NULL);
        pthread_join(t, NULL);
    });
    RUNS("code on the stack", {
        volatile unsigned char code[16] = {0xc3};
        ((void (*)(void))(void*)code)();
    });
    return 0;
}
