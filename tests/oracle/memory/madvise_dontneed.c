// MADV_DONTNEED: private memory is zero or the file's again; shared memory keeps its contents.
#include "oracle.h"

int main(void) {
    scratch();
    char* p = MUST(mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(p, 'x', 3 * 4096);
    OK(madvise(p + 4096, 4096, MADV_DONTNEED));
    say("%d %d %d\n", p[0], p[4096], p[8192]);
    put_file("f", "file text");
    int fd = MUST(open("f", O_RDWR));
    char* f = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    f[0] = 'F';
    STR(f);
    OK(madvise(f, 4096, MADV_DONTNEED));
    STR(f);
    char* s = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    strcpy(s, "shared");
    OK(madvise(s, 4096, MADV_DONTNEED));
    STR(s);
    OK(madvise(s, 4096, MADV_REMOVE));
    STR(s);
    OK(madvise(p, 4096, MADV_REMOVE));
    p[0] = 'x';
    OK(madvise(p, 100, MADV_DONTNEED));
    NUM(p[0]);
    p[1] = 'y';
    OK(madvise(p, 4096, MADV_FREE));
    p[1] = 'z';
    NUM(p[1]);
    OK(madvise(s, 4096, MADV_FREE));
    OK(madvise(f, 4096, MADV_FREE));
    return 0;
}
