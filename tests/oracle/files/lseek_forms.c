// lseek: the places it gives and refuses; reading past the end; a hole made by seeking.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    write(fd, "0123456789", 10);
    NUM(lseek(fd, 0, SEEK_SET));
    NUM(lseek(fd, 5, SEEK_CUR));
    NUM(lseek(fd, -3, SEEK_END));
    OK(lseek(fd, -11, SEEK_END));
    OK(lseek(fd, -1, SEEK_SET));
    NUM(lseek(fd, 0, SEEK_CUR));
    NUM(lseek(fd, 100, SEEK_END));
    char c;
    NUM(read(fd, &c, 1));
    NUM(write(fd, "x", 1));
    NUM(lseek(fd, 0, SEEK_CUR));
    NUM(pread(fd, &c, 1, 50));
    NUM(c);
    OK(lseek(fd, 0, 99));
    OK(lseek(fd, 0x7fffffffffffffff, SEEK_CUR));
    OK(lseek(-1, 0, SEEK_SET));
    int ends[2];
    pipe(ends);
    OK(lseek(ends[0], 0, SEEK_CUR));
    OK(pread(ends[0], &c, 1, 0));
    OK(pwrite(ends[1], &c, 1, 0));
    OK(pread(fd, &c, 1, -1));
    OK(pwrite(fd, &c, 1, -1));
    int copy = dup(fd), own = MUST(open("f", O_RDONLY));
    lseek(fd, 7, SEEK_SET);
    NUM(lseek(copy, 0, SEEK_CUR));
    NUM(lseek(own, 0, SEEK_CUR));
    RUNS("child", lseek(fd, 2, SEEK_CUR));
    NUM(lseek(copy, 0, SEEK_CUR));
    return 0;
}
