// Extended attributes of the user namespace: set, get, list, remove, flags, sizes, errors.
#include "oracle.h"

#include <sys/xattr.h>
int main(void) {
    scratch();
    give_scratch();
    put_file("f", "x");
    char value[64], list[128];
    OK(setxattr("f", "user.one", "first", 5, 0));
    NUM(getxattr("f", "user.one", value, sizeof value));
    NUM(getxattr("f", "user.one", NULL, 0));
    OK(getxattr("f", "user.one", value, 2));
    OK(setxattr("f", "user.one", "again", 5, XATTR_CREATE));
    OK(setxattr("f", "user.two", "x", 1, XATTR_REPLACE));
    OK(setxattr("f", "user.one", "replaced", 8, XATTR_REPLACE));
    memset(value, 0, sizeof value);
    NUM(getxattr("f", "user.one", value, sizeof value));
    STR(value);
    OK(setxattr("f", "user.empty", "", 0, 0));
    NUM(getxattr("f", "user.empty", value, sizeof value));
    ssize_t n = listxattr("f", list, sizeof list);
    int one = 0, empty = 0, others = 0;
    for (char* p = list; p < list + n; p += strlen(p) + 1) {
        if (!strcmp(p, "user.one"))
            one++;
        else if (!strcmp(p, "user.empty"))
            empty++;
        else if (!strncmp(p, "user.", 5))
            others++;
    }
    say("%d %d %d\n", one, empty, others);
    OK(listxattr("f", list, 3));
    YES(listxattr("f", NULL, 0) == n);
    OK(removexattr("f", "user.empty"));
    OK(removexattr("f", "user.empty"));
    OK(getxattr("f", "user.empty", value, sizeof value));
    OK(getxattr("missing", "user.one", value, sizeof value));
    OK(setxattr("f", "nonamespace", "x", 1, 0));
    OK(setxattr("f", "user.", "x", 1, 0));
    OK(setxattr("f", "", "x", 1, 0));
    OK(setxattr("f", "user.x", "x", 1, 4));
    OK(setxattr("f", "user.x", "x", 65537, 0));
    char name[300];
    memset(name, 'n', sizeof name);
    memcpy(name, "user.", 5);
    name[256] = 0;
    OK(setxattr("f", name, "x", 1, 0));
    int fd = MUST(open("f", O_RDONLY));
    OK(fsetxattr(fd, "user.fd", "y", 1, 0));
    NUM(fgetxattr(fd, "user.fd", value, sizeof value));
    OK(fremovexattr(fd, "user.fd"));
    symlink("f", "l");
    OK(lsetxattr("l", "user.x", "x", 1, 0));
    NUM(getxattr("l", "user.one", value, sizeof value));
    OK(lgetxattr("l", "user.one", value, sizeof value));
    mkdir("d", 0700);
    OK(setxattr("d", "user.dir", "d", 1, 0));
    mkfifo("p", 0600);
    OK(setxattr("p", "user.x", "x", 1, 0));
    rename("f", "g");
    NUM(getxattr("g", "user.one", value, sizeof value));
    RUNS("ordinary", {
        become_ordinary();
        OK(setxattr("d", "trusted.x", "x", 1, 0));
        put_file("mine", "");
        chmod("mine", 0400);
        OK(setxattr("mine", "user.x", "x", 1, 0));
        chmod("mine", 0200);
        OK(getxattr("mine", "user.x", value, 10));
    });
    return 0;
}
