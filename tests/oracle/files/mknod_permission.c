// mknod of devices: EPERM for an ordinary user; regular files and fifos are fine.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    RUNS("ordinary", {
        become_ordinary();
        OK(mknod("c", S_IFCHR | 0600, 0x103));
        OK(mknod("b", S_IFBLK | 0600, 0x103));
        OK(mknod("f", S_IFREG | 0640, 0));
        OK(mknod("g", 0640, 0));
        OK(mknod("p", S_IFIFO | 0640, 0));
        OK(mknod("s", S_IFSOCK | 0640, 0));
        struct stat st;
        stat("g", &st);
        OCT(st.st_mode);
        stat("s", &st);
        OCT(st.st_mode);
        OK(mknod("missing/f", S_IFREG, 0));
    });
    return 0;
}
