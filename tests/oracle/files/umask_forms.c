// umask: nine bits, the old value, per process, applied to every kind of creation.
#include "oracle.h"

#define MODE(path)                                \
    do {                                          \
        struct stat st;                           \
        lstat(path, &st);                         \
        say("%s %o\n", path, st.st_mode & 07777); \
    } while (0)
int main(void) {
    scratch();
    OCT(umask(0));
    OCT(umask(07777));
    OCT(umask(0123));
    OCT(umask(0));
    open("a", O_RDWR | O_CREAT, 0666);
    MODE("a");
    umask(0137);
    open("b", O_RDWR | O_CREAT, 0777);
    mkdir("c", 0777);
    mkfifo("d", 0777);
    mknod("e", S_IFREG | 0777, 0);
    symlink("x", "f");
    MODE("b");
    MODE("c");
    MODE("d");
    MODE("e");
    MODE("f");
    RUNS("child", OCT(umask(0)));
    OCT(umask(022));
    return 0;
}
