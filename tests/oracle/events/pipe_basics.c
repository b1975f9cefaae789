// pipe: end of file, EPIPE and SIGPIPE, atomic writes, non-blocking fills and reads, errors.
#include "oracle.h"

#include <sys/ioctl.h>
int main(void) {
    int ends[2];
    char text[16] = "";
    OK(pipe2(ends, 0x1));
    OK(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    NUM(fcntl(ends[0], F_GETFD));
    YES(fcntl(ends[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
    OK(read(ends[0], text, 1));
    OK(read(ends[1], text, 1));
    OK(write(ends[0], text, 1));
    NUM(write(ends[1], "hello", 5));
    int n = 0;
    NUM(ioctl(ends[0], FIONREAD, &n));
    NUM(n);
    NUM(read(ends[0], text, 3));
    NUM(read(ends[0], text, 30 - 15));
    static char block[65536];
    NUM(write(ends[1], block, sizeof block));
    OK(write(ends[1], "x", 1));
    NUM(read(ends[0], block, 4096));
    NUM(write(ends[1], block, 4096));
    NUM(read(ends[0], block, 100));
    OK(write(ends[1], block, 4096));
    while (read(ends[0], block, sizeof block) > 0) {
    }
    NUM(write(ends[1], "tail", 4));
    close(ends[1]);
    NUM(read(ends[0], text, 10));
    NUM(read(ends[0], text, 10));
    pipe(ends);
    close(ends[0]);
    RUNS("SIGPIPE", write(ends[1], "x", 1); say("survived\n"));
    signal(SIGPIPE, SIG_IGN);
    OK(write(ends[1], "x", 1));
    NUM(write(ends[1], "x", 0));
    struct stat st;
    fstat(ends[1], &st);
    YES(S_ISFIFO(st.st_mode));
    OCT(st.st_mode & 0777);
    OK(fchmod(ends[1], 0600));
    return 0;
}
