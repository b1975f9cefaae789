// fork: the child has its own memory, shares open file descriptions, and knows its parent.
#include "oracle.h"

static int shared_looking = 1;
int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    pid_t parent = getpid();
    int local = 5;
    RUNS("child", {
        YES(getppid() == parent);
        YES(getpid() != parent);
        YES(gettid() == getpid());
        shared_looking = 2;
        local = 6;
        write(fd, "abcd", 4);
        close(fd);
    });
    NUM(shared_looking);
    NUM(local);
    NUM(lseek(fd, 0, SEEK_CUR));
    NUM(write(fd, "ef", 2));
    STR(get_file("f"));
    RUNS("deep", {
        RUNS("deeper", {
            RUNS("deepest", _exit(3));
            _exit(2);
        });
        _exit(1);
    });
    return 0;
}
