// dup, dup2, dup3, F_DUPFD: numbers, flags, shared offsets, errors.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "0123456789");
    int fd = MUST(open("f", O_RDWR | O_CLOEXEC));
    NUM(fd);
    NUM(dup(fd));
    NUM(fcntl(4, F_GETFD));
    NUM(dup2(fd, 10));
    NUM(dup2(10, 10));
    NUM(dup(fd));
    NUM(fcntl(fd, F_DUPFD, 8));
    NUM(fcntl(fd, F_DUPFD, 10));
    OK(dup2(fd, -1));
    OK(dup2(77, 10));
    OK(dup2(77, 77));
    OK(dup(-1));
    OK(fcntl(fd, F_DUPFD, -1));
    OK(fcntl(77, F_DUPFD, 0));
    OK(fcntl(fd, 9999, 0));
    NUM(lseek(fd, 4, SEEK_SET));
    NUM(lseek(10, 0, SEEK_CUR));
    OK(fcntl(4, F_SETFL, O_APPEND));
    YES((fcntl(10, F_GETFL) & O_APPEND) != 0);
    close(fd);
    NUM(open("f", O_RDONLY));
    NUM(dup2(4, 3));
    NUM(lseek(3, 0, SEEK_CUR));
    OK(close(77));
    OK(close(3));
    OK(close(3));
    NUM(dup3(4, 3, O_CLOEXEC));
    NUM(fcntl(3, F_GETFD));
    NUM(syscall(SYS_close_range, 3, ~0u, 0));
    OK(fcntl(10, F_GETFD));
    return 0;
}
