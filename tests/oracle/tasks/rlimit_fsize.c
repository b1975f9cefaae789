// RLIMIT_FSIZE: a write is cut at the limit, then SIGXFSZ, and EFBIG when that is ignored.
#include "oracle.h"

int main(void) {
    scratch();
    struct rlimit limit = {1000, RLIM_INFINITY};
    RUNS("signal", {
        setrlimit(RLIMIT_FSIZE, &limit);
        int fd = MUST(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
        static char data[1500];
        NUM(write(fd, data, sizeof data));
        say("next write\n");
        write(fd, data, 1);
    });
    signal(SIGXFSZ, SIG_IGN);
    RUNS("ignored", {
        setrlimit(RLIMIT_FSIZE, &limit);
        int fd = MUST(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
        static char data[1500];
        NUM(pwrite(fd, data, 600, 500));
        NUM(pwrite(fd, data, 1, 1000));
        NUM(pwrite(fd, data, 0, 1000));
        NUM(ftruncate(fd, 1000));
        NUM(ftruncate(fd, 1001));
        NUM(truncate("f", 5000));
        NUM(fallocate(fd, 0, 0, 2000));
        struct stat st;
        fstat(fd, &st);
        NUM(st.st_size);
    });
    return 0;
}
