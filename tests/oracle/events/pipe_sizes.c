// F_SETPIPE_SZ and F_GETPIPE_SZ: rounding, data that must fit, the limit for an ordinary user, errors.
#include "oracle.h"

int main(void) {
    int ends[2];
    pipe2(ends, O_NONBLOCK);
    NUM(fcntl(ends[0], F_GETPIPE_SZ));
    NUM(fcntl(ends[0], F_SETPIPE_SZ, 5000));
    NUM(fcntl(ends[1], F_GETPIPE_SZ));
    NUM(fcntl(ends[1], F_SETPIPE_SZ, 1));
    NUM(fcntl(ends[1], F_SETPIPE_SZ, 100000));
    static char block[131072];
    NUM(write(ends[1], block, sizeof block));
    OK(fcntl(ends[1], F_SETPIPE_SZ, 65536));
    NUM(read(ends[0], block, 100000));
    NUM(fcntl(ends[1], F_SETPIPE_SZ, 65536));
    NUM(read(ends[0], block, 100000));
    OK(fcntl(ends[1], F_SETPIPE_SZ, 0));
    OK(fcntl(ends[1], F_SETPIPE_SZ, -1));
    OK(fcntl(ends[1], F_SETPIPE_SZ, 0x90000000));
    scratch();
    put_file("f", "");
    OK(fcntl(MUST(open("f", O_RDWR)), F_GETPIPE_SZ));
    NUM(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20));
    RUNS("ordinary", become_ordinary(); OK(fcntl(ends[1], F_SETPIPE_SZ, 64 << 20)));
    return 0;
}
