// readv, writev, preadv, pwritev, preadv2, pwritev2: scattering, flags, limits.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    char a[4] = "", b[6] = "", c[10] = "";
    struct iovec out[3] = {{"one", 3}, {NULL, 0}, {"three", 5}}, in[3] = {{a, 3}, {b, 2}, {c, 9}};
    NUM(writev(fd, out, 3));
    NUM(lseek(fd, 0, SEEK_SET));
    NUM(readv(fd, in, 3));
    say("%s|%s|%s\n", a, b, c);
    NUM(pwritev(fd, out, 3, 100));
    memset(c, 0, sizeof c);
    NUM(preadv(fd, in, 3, 99));
    say("%d%.2s|%.2s|%s\n", a[0], a + 1, b, c);
    NUM(lseek(fd, 0, SEEK_CUR));
    NUM(preadv2(fd, in, 1, 0, 0));
    lseek(fd, 3, SEEK_SET);
    NUM(preadv2(fd, in, 1, -1, 0));
    NUM(lseek(fd, 0, SEEK_CUR));
    NUM(pwritev2(fd, out, 1, 0, RWF_APPEND));
    struct stat st;
    fstat(fd, &st);
    NUM(st.st_size);
    NUM(pwritev2(fd, out, 1, 0, RWF_DSYNC));
    NUM(pwritev2(fd, out, 1, 0, RWF_SYNC | RWF_HIPRI));
    OK(preadv2(fd, in, 1, 0, 0x1000));
    OK(preadv2(fd, in, 1, -2, 0));
    int ends[2];
    pipe(ends);
    OK(preadv2(ends[0], in, 1, -1, RWF_NOWAIT));
    OK(readv(fd, in, -1));
    OK(readv(fd, in, 1025));
    NUM(readv(fd, in, 0));
    struct iovec wrong[2] = {{a, 3}, {b, -1}};
    OK(readv(fd, wrong, 2));
    wrong[1] = (struct iovec){BAD, 2};
    lseek(fd, 0, SEEK_SET);
    NUM(readv(fd, wrong, 2));
    OK(writev(fd, wrong + 1, 1));
    OK(writev(-1, out, 1));
    static struct iovec many[1024];
    static char bytes[1024];
    for (int i = 0; i < 1024; i++) {
        bytes[i] = i;
        many[i] = (struct iovec){bytes + i, 1};
    }
    NUM(pwritev(fd, many, 1024, 0));
    memset(bytes, 0, sizeof bytes);
    NUM(preadv(fd, many, 1024, 0));
    NUM(bytes[77]);
    return 0;
}
