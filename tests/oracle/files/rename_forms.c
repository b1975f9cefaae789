// rename: files over files, directories over empty ones, into itself, links of one file, trailing slashes.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("a", "a");
    put_file("b", "b");
    mkdir("d", 0700);
    mkdir("e", 0700);
    mkdir("full", 0700);
    put_file("full/x", "x");
    OK(rename("a", "b"));
    STR(get_file("b"));
    OK(rename("a", "b"));
    OK(rename("b", "d"));
    OK(rename("d", "b"));
    OK(rename("d", "e"));
    OK(rename("e", "full"));
    OK(rename("full", "e"));
    OK(rename("e", "e/sub"));
    OK(rename("e", "e"));
    OK(rename("e/x", "e/x"));
    OK(rename("e", "new/"));
    OK(rename("b", "c/"));
    OK(rename("b/", "c"));
    OK(rename(".", "c"));
    OK(rename("new/..", "c"));
    OK(rename("new", "new/."));
    OK(rename("missing", "c"));
    OK(rename("b", "missing/c"));
    OK(rename("b", ""));
    link("b", "b2");
    OK(rename("b", "b2"));
    STR(get_file("b"));
    STR(get_file("b2"));
    symlink("b", "s");
    OK(rename("s", "t"));
    struct stat st;
    lstat("t", &st);
    YES(S_ISLNK(st.st_mode));
    OK(rename("b2", "t"));
    STR(get_file("t"));
    int fd = MUST(open("t", O_RDONLY));
    OK(rename("b", "t"));
    fstat(fd, &st);
    NUM(st.st_nlink);
    mkdir("p", 0700);
    mkdir("p/q", 0700);
    OK(rename("p/q", "q"));
    OK(rename("p", "q/p"));
    OK(access("q/p", F_OK));
    OK(rename("b", "/proc/x"));
    return 0;
}
