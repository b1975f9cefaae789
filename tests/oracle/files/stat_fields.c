// stat: types, links, sizes, blocks, and that fstat, lstat and statx agree.
#include "oracle.h"

#include <sys/sysmacros.h>
static void show(const char* path) {
    struct stat st;
    struct statx sx;
    if (lstat(path, &st) < 0) {
        say("%s: %s\n", path, errno_name(errno));
        return;
    }
    statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx);
    say("%s: mode %o links %ld size %ld uid %d gid %d agree %d\n", path, st.st_mode,
        S_ISDIR(st.st_mode) ? 0 : (long)st.st_nlink, S_ISDIR(st.st_mode) ? 0 : (long)st.st_size,
        st.st_uid == geteuid(), st.st_gid == getegid(),
        sx.stx_mode == st.st_mode && sx.stx_nlink == st.st_nlink && sx.stx_ino == st.st_ino &&
            sx.stx_size == (size_t)st.st_size && sx.stx_blocks == (unsigned long)st.st_blocks &&
            sx.stx_mtime.tv_sec == st.st_mtim.tv_sec && sx.stx_mtime.tv_nsec == st.st_mtim.tv_nsec &&
            makedev(sx.stx_dev_major, sx.stx_dev_minor) == st.st_dev);
}
int main(void) {
    scratch();
    put_file("f", "twelve bytes");
    mkdir("d", 0751);
    symlink("some target", "l");
    mkfifo("p", 0604);
    link("f", "f2");
    const char* list[] = {"f", "d", "l", "p", "f2", "missing"};
    for (size_t i = 0; i < COUNT(list); i++) show(list[i]);
    struct stat a, b;
    stat("f", &a);
    stat("f2", &b);
    YES(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    YES(a.st_blksize >= 512);
    stat(".", &a);
    stat("d/..", &b);
    YES(a.st_ino == b.st_ino);
    OK(stat("l", &a));
    OK(stat("f/", &a));
    OK(lstat("d/", &a));
    OK(stat("", &a));
    OK(fstat(-1, &a));
    chmod("f", 06755);
    show("f");
    chmod("d", 01777);
    show("d");
    return 0;
}
