// Generated code: writable then executable, changed in place, in shared and file memory.
#include "oracle.h"

typedef int (*function)(void);
static void emit(unsigned char* p, int value) {
    unsigned char code[] = {0xb8, value, 0, 0, 0, 0xc3};
    memcpy(p, code, sizeof code);
}
int main(void) {
    scratch();
    unsigned char* p = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    emit(p, 42);
    OK(mprotect(p, 4096, PROT_READ | PROT_EXEC));
    NUM(((function)(void*)p)());
    OK(mprotect(p, 4096, PROT_READ | PROT_WRITE));
    emit(p, 43);
    RUNS("not executable", NUM(((function)(void*)p)()));
    OK(mprotect(p, 4096, PROT_READ | PROT_EXEC));
    NUM(((function)(void*)p)());
    unsigned char* both =
        OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (int i = 0; i < 3; i++) {
        emit(both, i + 50);
        NUM(((function)(void*)both)());
    }
    int fd = memfd_create("code", 0);
    ftruncate(fd, 4096);
    unsigned char* w = OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    unsigned char* x = OK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
    emit(w, 60);
    NUM(((function)(void*)x)());
    emit(w, 61);
    NUM(((function)(void*)x)());
    unsigned char* anon =
        OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    emit(anon, 70);
    RUNS("in the child", NUM(((function)(void*)anon)()));
    return 0;
}
