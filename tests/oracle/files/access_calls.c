// access and faccessat2: the real and the effective user, every mode, errors.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    RUNS("ordinary", {
        become_ordinary();
        put_file("f", "x");
        const mode_t modes[] = {0, 0400, 0200, 0100, 0700, 0444};
        for (size_t i = 0; i < COUNT(modes); i++) {
            chmod("f", modes[i]);
            say("%o: F %d R %d W %d X %d RW %d\n", modes[i], access("f", F_OK), access("f", R_OK),
                access("f", W_OK), access("f", X_OK), access("f", R_OK | W_OK));
        }
        OK(access("missing", F_OK));
        OK(access("f/x", F_OK));
        OK(access("f", 8));
        OK(access("", F_OK));
        OK(access(BAD, F_OK));
        OK(access("/etc/passwd", W_OK));
        OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
        OK(syscall(SYS_faccessat2, AT_FDCWD, "f", W_OK, AT_EACCESS));
        OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x10000));
        symlink("missing", "dangling");
        OK(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, 0));
        OK(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
        int fd = MUST(open("f", O_PATH));
        OK(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
    });
    return 0;
}
