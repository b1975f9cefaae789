// A program that replaces itself thirty times, counting in its arguments; descriptors and the pid stay.
#include "oracle.h"

int main(int argc, char** argv) {
    int left = argc > 1 ? atoi(argv[1]) : 30;
    static char pid[16];
    if (argc == 1) {
        snprintf(pid, sizeof pid, "%d", getpid());
        int fd = memfd_create("count", 0);
        dup2(fd, 60);
    } else
        memcpy(pid, argv[2], strnlen(argv[2], 15));
    write(60, "x", 1);
    if (left == 0) {
        YES(atoi(pid) == getpid());
        NUM(lseek(60, 0, SEEK_CUR));
        return 0;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", left - 1);
    execl(argv[0], argv[0], number, pid, (char*)NULL);
    return 1;
}
