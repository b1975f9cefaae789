// Generated code that makes system calls of its own: at page ends, after it was changed, in several copies.
#include "oracle.h"

typedef long (*call)(long nr);
static unsigned char code[] = {0x48, 0x89, 0xf8, 0x0f, 0x05, 0xc3};   // mov %rdi,%rax; syscall; ret
static unsigned char fixed[] = {0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3};  // mov $nr,%eax; syscall; ret
int main(void) {
    unsigned char* p =
        MUST(mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int wrong = 0;
    memcpy(p, code, sizeof code);
    YES(((call)(void*)p)(SYS_getpid) == getpid());
    for (int i = 4080; i < 4100; i++) {
        memcpy(p + i, code, sizeof code);
        for (int k = 0; k < 3; k++) wrong += ((call)(void*)(p + i))(SYS_getpid) != getpid();
    }
    NUM(wrong);
    for (int i = 0; i < 300; i++) {
        fixed[1] = i % 2 ? SYS_getpid : SYS_gettid;
        memcpy(p + 5000 + i * 8, fixed, sizeof fixed);
        wrong += ((call)(void*)(p + 5000 + i * 8))(0) != getpid();
    }
    NUM(wrong);
    fixed[1] = SYS_getppid;
    memcpy(p + 5000, fixed, sizeof fixed);
    YES(((call)(void*)(p + 5000))(0) == getppid());
    RUNS("forked", YES(((call)(void*)(p + 5000))(0) == getppid()));
    return 0;
}
