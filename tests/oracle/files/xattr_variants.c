// The l and f forms of the attribute calls.
#include "oracle.h"

#include <sys/xattr.h>
int main(void) {
    scratch();
    put_file("f", "x");
    symlink("f", "l");
    char list[256], value[32];
    int fd = MUST(open("f", O_RDWR));
    OK(lsetxattr("f", "user.a", "1", 1, 0));
    OK(fsetxattr(fd, "user.b", "22", 2, XATTR_CREATE));
    NUM(lgetxattr("f", "user.b", value, sizeof value));
    NUM(fgetxattr(fd, "user.a", value, sizeof value));
    YES(flistxattr(fd, list, sizeof list) >= 14);
    YES(llistxattr("f", list, sizeof list) == flistxattr(fd, NULL, 0));
    NUM(llistxattr("missing", list, sizeof list));
    OK(lremovexattr("f", "user.a"));
    OK(lremovexattr("f", "user.a"));
    OK(lremovexattr("missing", "user.a"));
    OK(fremovexattr(fd, "user.b"));
    OK(fremovexattr(-1, "user.b"));
    OK(flistxattr(-1, list, sizeof list));
    OK(fsetxattr(-1, "user.b", "x", 1, 0));
    OK(setxattr("f", "user.a", BAD, 4, 0));
    OK(setxattr("f", BAD, "x", 1, 0));
    setxattr("l", "user.through", "link", 4, 0);
    NUM(getxattr("f", "user.through", value, sizeof value));
    OK(getxattr("f", "user.through", BAD, 4));
    unlink("f");
    NUM(fgetxattr(fd, "user.through", value, sizeof value));
    return 0;
}
