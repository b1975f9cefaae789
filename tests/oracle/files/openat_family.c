// The *at calls relative to a directory descriptor: a file in it, a wrong descriptor, an absolute path that
// ignores it.
#include "oracle.h"

int main(void) {
    scratch();
    mkdir("d", 0755);
    put_file("f", "x");
    int dir = MUST(open("d", O_RDONLY | O_DIRECTORY)), file = MUST(open("f", O_RDONLY)),
        path = MUST(open("d", O_PATH));
    struct stat st;
    char text[64] = "";
    OK(openat(dir, "a", O_RDWR | O_CREAT, 0644));
    OK(openat(path, "a", O_RDONLY));
    OK(openat(file, "a", O_RDONLY));
    OK(openat(-1, "a", O_RDONLY));
    OK(openat(-1, "/dev/null", O_RDONLY));
    OK(openat(dir, "../f", O_RDONLY));
    OK(mkdirat(dir, "sub", 0700));
    OK(mkdirat(-1, "sub", 0700));
    OK(mknodat(dir, "fifo", S_IFIFO | 0600, 0));
    OK(symlinkat("a", dir, "link"));
    OK(symlinkat("a", file, "link"));
    NUM(readlinkat(dir, "link", text, sizeof text));
    STR(text);
    OK(linkat(dir, "a", AT_FDCWD, "hard", 0));
    OK(linkat(dir, "link", AT_FDCWD, "hardlink", 0));
    OK(linkat(dir, "link", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
    OK(linkat(dir, "a", dir, "b", 0x1));
    NUM(fstatat(dir, "a", &st, 0) ?: (int)st.st_nlink);
    OK(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW));
    YES(S_ISLNK(st.st_mode));
    OK(fstatat(dir, "", &st, AT_EMPTY_PATH));
    YES(S_ISDIR(st.st_mode));
    OK(fstatat(dir, "", &st, 0));
    OK(fstatat(dir, "a", &st, 0x4));
    OK(renameat(dir, "a", AT_FDCWD, "moved"));
    OK(faccessat(AT_FDCWD, "moved", R_OK, 0));
    OK(faccessat(dir, "moved", R_OK, 0));
    OK(faccessat(dir, "../moved", R_OK, 0));
    OK(fchmodat(dir, "sub", 0711, 0));
    OK(fchownat(dir, "sub", -1, -1, 0));
    OK(fchownat(dir, "", -1, -1, AT_EMPTY_PATH));
    OK(fchownat(dir, "sub", -1, -1, 0x4));
    OK(utimensat(dir, "sub", NULL, 0));
    OK(unlinkat(dir, "sub", 0));
    OK(unlinkat(dir, "fifo", AT_REMOVEDIR));
    OK(unlinkat(dir, "sub", AT_REMOVEDIR));
    OK(unlinkat(dir, "fifo", 0));
    OK(unlinkat(dir, "link", 0x1));
    OK(unlinkat(-1, "x", 0));
    rmdir("d");
    unlinkat(dir, "link", 0);
    OK(rmdir("d"));
    OK(openat(dir, "new", O_RDWR | O_CREAT, 0600));
    OK(openat(dir, ".", O_RDONLY));
    OK(openat(dir, "..", O_RDONLY));
    return 0;
}
