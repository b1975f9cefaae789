// select and pselect: the three sets, counts, the timeout that is written back, errors.
#include "oracle.h"

#include <sys/select.h>
#include <sys/socket.h>
int main(void) {
    int a[2], b[2];
    pipe(a);
    pipe(b);
    fd_set r, w, e;
    struct timeval tv = {0, 0};
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&e);
    FD_SET(a[0], &r);
    FD_SET(b[0], &r);
    FD_SET(a[1], &w);
    FD_SET(b[1], &w);
    NUM(select(20, &r, &w, &e, &tv));
    say("%d %d %d %d\n", FD_ISSET(a[0], &r) != 0, FD_ISSET(b[0], &r) != 0, FD_ISSET(a[1], &w) != 0,
        FD_ISSET(b[1], &w) != 0);
    write(b[1], "x", 1);
    FD_SET(a[0], &r);
    FD_SET(b[0], &r);
    tv = (struct timeval){5, 0};
    NUM(select(20, &r, NULL, NULL, &tv));
    say("%d %d\n", FD_ISSET(a[0], &r) != 0, FD_ISSET(b[0], &r) != 0);
    YES(tv.tv_sec == 4 || (tv.tv_sec == 5 && tv.tv_usec == 0));
    tv = (struct timeval){0, 15000};
    FD_ZERO(&r);
    FD_SET(a[0], &r);
    NUM(select(20, &r, NULL, NULL, &tv));
    say("%ld %ld %d\n", (long)tv.tv_sec, (long)tv.tv_usec, FD_ISSET(a[0], &r) != 0);
    OK(select(-1, NULL, NULL, NULL, &tv));
    tv = (struct timeval){-1, 0};
    OK(select(0, NULL, NULL, NULL, &tv));
    FD_ZERO(&r);
    // Linux looks at no bit past the size that its descriptor table happens to have, which is at least 64.
    FD_SET(60, &r);
    tv = (struct timeval){0, 0};
    OK(select(61, &r, NULL, NULL, &tv));
    NUM(select(60, &r, NULL, NULL, &tv));
    OK(syscall(SYS_select, 20, BAD, NULL, NULL, NULL));
    OK(syscall(SYS_select, 20, NULL, NULL, NULL, BAD));
    struct timespec ts = {0, 1000000000};
    OK(pselect(0, NULL, NULL, NULL, &ts, NULL));
    close(a[1]);
    FD_ZERO(&r);
    FD_SET(a[0], &r);
    NUM(select(20, &r, NULL, NULL, NULL));
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    FD_ZERO(&w);
    FD_SET(pair[0], &w);
    FD_ZERO(&r);
    FD_SET(pair[0], &r);
    close(pair[1]);
    NUM(select(20, &r, &w, NULL, NULL));
    return 0;
}
