// A thread begins as its maker is, whatever threads ended before it: rounding mode, masked exceptions and
// thread pointer are the maker's, its CPU clock starts at nothing, it has no alternate stack; also when the
// last one left much behind.
#include "oracle.h"

// Of both units, SSE and x87: 0 to nearest, 1 down, 2 up, 3 towards zero.
static void set_rounding(unsigned how) {
    unsigned sse = 0x1f80 | how << 13;
    unsigned short x87 = 0x37f | how << 10;
    asm volatile("ldmxcsr %0; fldcw %1" : : "m"(sse), "m"(x87));
}
static int rounds(unsigned how) {
    unsigned sse;
    unsigned short x87;
    asm volatile("stmxcsr %0; fnstcw %1" : "=m"(sse), "=m"(x87));
    return (sse >> 13 & 3) == how && (x87 >> 10 & 3) == how;
}

static char memory[65536];
static __thread int own = 7;

static void burn(void) {
    struct timespec now;
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (now.tv_sec == 0 && now.tv_nsec < 30000000);
}
static void* disorderly(void* arg) {
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    sigaltstack(&stack, NULL);
    set_rounding(3);
    own = 8;
    burn();
    return arg;
}
static void* orderly(void* rounding) {
    struct timespec now;
    stack_t stack;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    YES(now.tv_sec == 0 && now.tv_nsec < 25000000);
    YES(rounds((unsigned)(long)rounding));
    YES(own == 7);
    sigaltstack(NULL, &stack);
    YES(stack.ss_flags == SS_DISABLE);
    return NULL;
}
static void run(void* (*body)(void*), long argument) {
    pthread_t t;
    pthread_create(&t, NULL, body, (void*)argument);
    pthread_join(t, NULL);
}
static void in_turns(unsigned rounding) {
    set_rounding(rounding);
    run(disorderly, 0);
    run(orderly, rounding);
}

int main(void) {
    in_turns(2);
    in_turns(0);
    in_turns(1);
    RUNS("forked", in_turns(2));
    for (int i = 0; i < 200; i++) run(orderly, 1);
    return 0;
}
