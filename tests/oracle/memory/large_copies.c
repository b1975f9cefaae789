// Large reads and writes into fresh, read-only, partly unmapped and shared memory; counts stop where the
// memory does.
#include "oracle.h"

int main(void) {
    scratch();
    size_t size = 1 << 20;
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    char* fresh = MUST(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(fresh, 's', size);
    NUM(write(fd, fresh, size));
    char* target = MUST(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    NUM(pread(fd, target, size, 0));
    NUM(target[size - 1]);
    mprotect(target, size, PROT_READ);
    OK(pread(fd, target, size, 0));
    NUM(pwrite(fd, target, size, 0));
    mprotect(target, size, PROT_NONE);
    OK(pwrite(fd, target, size, 0));
    char* forked = MUST(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(forked, 'p', size);
    RUNS("child", NUM(pread(fd, forked, size, 0)); NUM(forked[7]));
    NUM(forked[7]);
    char* shared = MUST(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    RUNS("child", NUM(pread(fd, shared, size, 0)));
    NUM(shared[size - 1]);
    munmap(forked + 8192, 4096);
    int ends[2];
    pipe(ends);
    OK(write(ends[1], forked + 8192, 100));
    NUM(write(ends[1], forked, 8192));
    NUM(read(ends[0], forked + 4096, 4096));
    return 0;
}
