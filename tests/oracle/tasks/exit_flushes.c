// Exit: descriptors close (a pipe's reader sees the end), locks go, children of a killed process live on.
#include "oracle.h"

int main(void) {
    scratch();
    int ends[2];
    MUST(pipe(ends));
    int fd = MUST(open("l", O_RDWR | O_CREAT, 0600));
    struct gate ready = gate_new();
    pid_t p = CHILD({
        struct flock lock = {.l_type = F_WRLCK};
        fcntl(fd, F_SETLK, &lock);
        gate_pass(&ready);
        pause();
    });
    close(ends[1]);
    gate_wait(&ready);
    struct flock lock = {.l_type = F_WRLCK};
    OK(fcntl(fd, F_SETLK, &lock));
    kill(p, SIGKILL);
    char c;
    NUM(read(ends[0], &c, 1));
    reap("child", p);
    OK(fcntl(fd, F_SETLK, &lock));
    return 0;
}
