// Memory after fork: each process writes its own copy, whoever writes first, several generations deep.
#include "oracle.h"

static int global = 1;
int main(void) {
    size_t size = 8 << 20;
    int* heap = malloc(sizeof(int) * 100000);
    int* map = MUST(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    size_t count = size / sizeof(int);
    for (size_t i = 0; i < count; i++) map[i] = i;
    heap[50000] = 5;
    struct gate go = gate_new();
    pid_t late = CHILD({
        gate_wait(&go);
        long wrong = 0;
        for (size_t i = 0; i < count; i++) wrong += map[i] != (int)i;
        NUM(wrong);
        NUM(global);
        NUM(heap[50000]);
    });
    for (size_t i = 0; i < count; i += 512) map[i] = -1;
    global = 2;
    heap[50000] = 6;
    gate_pass(&go);
    reap("child of before", late);
    RUNS("first", {
        for (size_t i = 0; i < count; i += 1024) map[i] = -2;
        global = 3;
        RUNS("second", {
            say("%d %d %d %d\n", map[0], map[512], map[1], global);
            map[0] = -3;
            RUNS("third", say("%d %d\n", map[0], map[1024]); map[1024] = -4);
            say("%d %d\n", map[0], map[1024]);
        });
        say("%d %d\n", map[0], map[1024]);
    });
    say("%d %d %d %d\n", map[0], map[512], map[1024], global);
    return 0;
}
