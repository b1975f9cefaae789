// symlink and readlink: targets are text; following, depth, trailing slashes, truncation.
#include "oracle.h"

int main(void) {
    scratch();
    char text[64], name[16];
    static char long_target[4097];
    memset(long_target, 't', 4096);
    OK(symlink("anything at all", "l"));
    memset(text, 0, sizeof text);
    NUM(readlink("l", text, sizeof text));
    STR(text);
    memset(text, '#', sizeof text);
    NUM(readlink("l", text, 4));
    say("%.6s\n", text);
    OK(readlink("l", text, 0));
    OK(readlink(".", text, 10));
    OK(readlink("missing", text, 10));
    OK(symlink("x", "l"));
    OK(symlink("", "empty"));
    OK(symlink("x", ""));
    OK(symlink("x", "missing/l"));
    OK(symlink(long_target, "long"));
    long_target[4095] = 0;
    OK(symlink(long_target, "long"));
    put_file("file", "end");
    symlink("file", "s0");
    for (int i = 1; i < 45; i++) {
        char previous[16];
        snprintf(previous, sizeof previous, "s%d", i - 1);
        snprintf(name, sizeof name, "s%d", i);
        symlink(previous, name);
    }
    OK(open("s39", O_RDONLY));
    OK(open("s40", O_RDONLY));
    mkdir("d", 0755);
    put_file("d/x", "in d");
    symlink("d", "ld");
    symlink("d/", "lds");
    symlink("file/", "fs");
    STR(get_file("ld/x"));
    STR(get_file("lds/x"));
    OK(open("fs", O_RDONLY));
    struct stat st;
    lstat("ld", &st);
    YES(S_ISLNK(st.st_mode));
    lstat("ld/", &st);
    YES(S_ISDIR(st.st_mode));
    OK(rmdir("ld"));
    OK(rmdir("ld/"));
    OK(mkdir("ld", 0700));
    OK(unlink("ld"));
    symlink("nowhere", "dangling");
    OK(mkdir("dangling", 0700));
    OK(rename("file", "dangling"));
    STR(get_file("dangling"));
    OCT(st.st_mode & 0);
    lstat("lds", &st);
    OCT(st.st_mode);
    return 0;
}
