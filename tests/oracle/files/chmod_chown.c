// chmod and chown: bits, who may, and the set-id bits that go away.
#include "oracle.h"

#define MODE(path)                                     \
    do {                                               \
        struct stat st;                                \
        stat(path, &st);                               \
        say("%s mode %o\n", path, st.st_mode & 07777); \
    } while (0)
int main(void) {
    scratch();
    give_scratch();
    RUNS("ordinary", {
        become_ordinary();
        put_file("f", "x");
        mkdir("d", 0755);
        OK(chmod("f", 0));
        MODE("f");
        OK(chmod("f", 07777));
        MODE("f");
        OK(chmod("f", 0177777));
        MODE("f");
        OK(chmod("d", 01777));
        MODE("d");
        OK(chmod("missing", 0));
        OK(chmod("f/x", 0));
        OK(fchmod(-1, 0));
        OK(fchmod(MUST(open("f", O_RDONLY)), 06755));
        MODE("f");
        OK(chown("f", -1, -1));
        MODE("f");
        chmod("f", 06755);
        OK(chown("f", geteuid(), getegid()));
        MODE("f");
        chmod("f", 06755);
        int fd = MUST(open("f", O_WRONLY));
        NUM(write(fd, "y", 1));
        MODE("f");
        chmod("f", 06755);
        OK(ftruncate(fd, 0));
        MODE("f");
        chmod("f", 02745);
        NUM(write(fd, "y", 1));
        MODE("f");
        OK(chown("f", 0, -1));
        OK(chown("f", geteuid() + 1, -1));
        OK(chown("f", -1, 0));
        OK(lchown("missing", -1, -1));
        OK(chmod("/etc/passwd", 0644));
        OK(chown("/etc/passwd", geteuid(), -1));
        symlink("f", "l");
        OK(lchown("l", geteuid(), getegid()));
        OK(fchmodat(AT_FDCWD, "f", 0600, 0x1));
        put_file("other-group", "");
        chmod("other-group", 0604);
        OK(access("f", X_OK));
    });
    return 0;
}
