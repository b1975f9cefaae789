// A system call whose buffer lies past the end of a mapped file answers EFAULT or a short count, without a
// signal.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 4096);
    char* p = MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    int ends[2];
    MUST(pipe(ends));
    OK(write(ends[1], p + 4096, 10));
    NUM(write(ends[1], p + 4090, 6));
    OK(read(ends[0], p + 4096, 6));
    OK(getcwd(p + 4096, 100) ? 0 : -1);
    OK(stat(p + 4096, (struct stat*)p));
    struct iovec v[2] = {{p, 10}, {p + 4096, 10}};
    OK(writev(ends[1], v + 1, 1));
    return 0;
}
