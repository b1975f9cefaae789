// close-on-exec by O_CLOEXEC, FD_CLOEXEC, dup3, pipe2 and close_range.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc > 1) {
        for (int fd = 30; fd < 40; fd++)
            say("fd %d: %s\n", fd, fcntl(fd, F_GETFD) < 0 ? errno_name(errno) : "open");
        return 0;
    }
    for (int fd = 30; fd < 40; fd++) dup2(0, fd);
    NUM(fcntl(30, F_SETFD, FD_CLOEXEC));
    NUM(fcntl(30, F_GETFD));
    OK(dup3(0, 31, O_CLOEXEC));
    OK(dup2(31, 32));
    NUM(fcntl(32, F_GETFD));
    NUM(close_range(34, 36, CLOSE_RANGE_CLOEXEC));
    NUM(close_range(38, 38, 0));
    OK(fcntl(38, F_GETFD));
    OK(close_range(9, 5, 0));
    OK(close_range(90, 95, 0x100));
    OK(dup3(0, 0, 0));
    OK(dup3(0, 40, 1));
    NUM(fcntl(0, F_DUPFD_CLOEXEC, 50));
    NUM(fcntl(50, F_GETFD));
    execl(argv[0], argv[0], "check", (char*)NULL);
    return 1;
}
