// mprotect: splits and joins, holes, files opened read-only, and the errors.
#include "oracle.h"

int main(void) {
    scratch();
    char* p = MUST(mmap(NULL, 10 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mprotect(p + 4096, 4096, PROT_READ));
    OK(mprotect(p + 3 * 4096, 2 * 4096, PROT_NONE));
    p[0] = p[2 * 4096] = p[5 * 4096] = 1;
    RUNS("read-only", p[4096] = 1);
    RUNS("none", *(volatile char*)(p + 3 * 4096));
    OK(mprotect(p, 10 * 4096, PROT_READ | PROT_WRITE));
    p[4096] = p[3 * 4096] = 1;
    OK(mprotect(p + 1, 4096, PROT_READ));
    OK(mprotect(p, 0, PROT_READ));
    OK(mprotect(p, 100, PROT_READ));
    RUNS("rounded up", p[4095] = 1);
    OK(mprotect(p, 4096, 0x100));
    OK(mprotect(p, 4096, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
    munmap(p + 5 * 4096, 4096);
    OK(mprotect(p + 3 * 4096, 5 * 4096, PROT_READ));
    RUNS("applied before the hole", p[4 * 4096] = 1);
    RUNS("not after the hole", p[6 * 4096] = 1);
    put_file("f", "text");
    int fd = MUST(open("f", O_RDONLY));
    char* shared = MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
    char* private = MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
    OK(mprotect(shared, 4096, PROT_READ | PROT_WRITE));
    OK(mprotect(private, 4096, PROT_READ | PROT_WRITE));
    private[0] = 'n';
    STR(private);
    STR(shared);
    OK(mprotect((void*)0x7ffffffff000, 4096, PROT_READ));
    OK(mprotect(p, -4096ul, PROT_READ));
    return 0;
}
