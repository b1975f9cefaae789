// link: another name of one file; what cannot be linked; the count; unlink while open.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    put_file("a", "one");
    struct stat st;
    OK(link("a", "b"));
    OK(link("a", "b"));
    OK(link("a", "missing/b"));
    OK(link("missing", "c"));
    mkdir("d", 0700);
    OK(link("d", "e"));
    OK(link("a", "d/"));
    OK(link("a", "new/"));
    OK(link("a", "d"));
    OK(link("a/", "c"));
    put_file("b", "two");
    STR(get_file("a"));
    stat("a", &st);
    NUM(st.st_nlink);
    symlink("a", "s");
    OK(link("s", "s2"));
    lstat("s2", &st);
    YES(S_ISLNK(st.st_mode));
    int fd = MUST(open("a", O_RDWR));
    OK(unlink("a"));
    OK(unlink("b"));
    fstat(fd, &st);
    NUM(st.st_nlink);
    NUM(pwrite(fd, "gone", 4, 0));
    char text[5] = "";
    NUM(pread(fd, text, 4, 0));
    STR(text);
    OK(unlink("a"));
    OK(unlink("d"));
    OK(unlink("s/"));
    OK(unlink(""));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    OK(linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW));
    char target[128] = "";
    readlink(path, target, sizeof target - 1);
    STR(strrchr(target, '/'));
    return 0;
}
