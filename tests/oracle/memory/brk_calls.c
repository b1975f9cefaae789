// brk: grows and shrinks, new memory is zero, failure leaves the break alone.
#include "oracle.h"

int main(void) {
    char* start = (char*)syscall(SYS_brk, 0);
    YES((char*)syscall(SYS_brk, start + 100000) == start + 100000);
    int dirty = 0;
    for (int i = 0; i < 100000; i++) dirty += start[i] != 0;
    NUM(dirty);
    memset(start, 'x', 100000);
    YES((char*)syscall(SYS_brk, start + 10) == start + 10);
    YES((char*)syscall(SYS_brk, start + 100000) == start + 100000);
    NUM(start[5]);
    dirty = 0;
    for (int i = 8192; i < 100000; i++) dirty += start[i] != 0;
    NUM(dirty);
    YES((char*)syscall(SYS_brk, 1ul << 46) == start + 100000);
    YES((char*)syscall(SYS_brk, 4096) == start + 100000);
    RUNS("child", YES((char*)syscall(SYS_brk, start + 200000) == start + 200000));
    YES((char*)syscall(SYS_brk, 0) == start + 100000);
    char* end = (char*)(((uintptr_t)start + 100000 + 4095) & ~4095ul);
    OK(mmap(end + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    YES((char*)syscall(SYS_brk, start + 300000) == start + 100000);
    return 0;
}
