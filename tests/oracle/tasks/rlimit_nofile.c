// RLIMIT_NOFILE: the next descriptor is refused with EMFILE, what is open stays, dup2 above is EBADF.
#include "oracle.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
int main(void) {
    struct rlimit old, limit;
    MUST(getrlimit(RLIMIT_NOFILE, &old));
    int high = MUST(fcntl(0, F_DUPFD, 30));
    for (int fd = 3; fd < 12; fd++) MUST(dup2(0, fd));
    limit.rlim_cur = 12;
    limit.rlim_max = old.rlim_max;
    OK(setrlimit(RLIMIT_NOFILE, &limit));
    OK(open("/dev/null", O_RDONLY));
    OK(dup(0));
    OK(eventfd(0, 0));
    OK(epoll_create1(0));
    OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(fcntl(0, F_DUPFD, 0));
    OK(fcntl(0, F_DUPFD, 12));
    OK(dup2(0, 12));
    OK(dup3(0, 12, 0));
    OK(fcntl(high, F_GETFD));
    NUM(sysconf(_SC_OPEN_MAX));
    close(5);
    int ends[2];
    OK(pipe(ends));
    NUM(open("/dev/null", O_RDONLY));
    close(5);
    close(7);
    NUM(pipe(ends));
    say("%d %d\n", ends[0], ends[1]);
    OK(poll(NULL, 13, 0));
    struct pollfd many[13] = {{.fd = -1}};
    OK(poll(many, 13, 0));
    RUNS("ordinary", {
        become_ordinary();
        limit.rlim_cur = limit.rlim_max = 20;
        OK(setrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_cur = 21;
        OK(setrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_max = 21;
        OK(setrlimit(RLIMIT_NOFILE, &limit));
    });
    return 0;
}
