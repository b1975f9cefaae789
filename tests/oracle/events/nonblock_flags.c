// O_NONBLOCK set by fcntl and FIONBIO belongs to the description: shared by copies and children, not by
// another open.
#include "oracle.h"

#include <sys/ioctl.h>
int main(void) {
    int ends[2];
    pipe(ends);
    int copy = dup(ends[0]), on = 1, n = 0;
    char c;
    OK(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    OK(read(copy, &c, 1));
    RUNS("child", OK(read(copy, &c, 1)); on = 0; OK(ioctl(copy, FIONBIO, &on)));
    NUM(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
    on = 1;
    OK(ioctl(ends[0], FIONBIO, &on));
    NUM(fcntl(copy, F_GETFL) & O_NONBLOCK);
    NUM(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    int again = OK(open(path, O_RDONLY));
    NUM(fcntl(again, F_GETFL) & O_NONBLOCK);
    OK(ioctl(ends[0], FIOCLEX));
    NUM(fcntl(ends[0], F_GETFD));
    OK(ioctl(ends[0], FIONCLEX));
    NUM(fcntl(ends[0], F_GETFD));
    OK(ioctl(ends[0], FIONREAD, &n));
    NUM(n);
    OK(ioctl(ends[0], 0x12345678, &n));
    OK(ioctl(99, FIONREAD, &n));
    OK(ioctl(ends[0], FIONREAD, BAD));
    return 0;
}
