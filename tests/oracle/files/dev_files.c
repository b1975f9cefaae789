// /dev: what must be there, its kind, and that random devices give different bytes.
#include "oracle.h"

#include <sys/sysmacros.h>
int main(void) {
    const char* devices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                             "/dev/urandom", "/dev/tty",  "/dev/ptmx"};
    struct stat st;
    for (size_t i = 0; i < COUNT(devices); i++) {
        int r = stat(devices[i], &st);
        say("%s: %d character %d %u:%u\n", devices[i], r, S_ISCHR(st.st_mode), major(st.st_rdev),
            minor(st.st_rdev));
    }
    stat("/dev/shm", &st);
    OCT(st.st_mode);
    stat("/dev/fd/", &st);
    YES(S_ISDIR(st.st_mode));
    char link[64] = "";
    readlink("/dev/stdin", link, sizeof link - 1);
    STR(link);
    char a[16] = "", b[16] = "";
    int r = MUST(open("/dev/urandom", O_RDONLY));
    NUM(read(r, a, 16));
    NUM(read(r, b, 16));
    YES(memcmp(a, b, 16) != 0);
    RUNS("no controlling terminal", setsid(); OK(open("/dev/tty", O_RDWR)));
    stat("/tmp", &st);
    OCT(st.st_mode);
    return 0;
}
