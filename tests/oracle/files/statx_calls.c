// statx: masks, flags, and errors.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "text");
    struct statx sx;
    OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &sx));
    YES((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    NUM(sx.stx_size);
    OK(statx(AT_FDCWD, "f", 0, 0, &sx));
    OK(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC | AT_STATX_FORCE_SYNC, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "f", 0x1, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "f", 0, STATX__RESERVED, &sx));
    OK(statx(AT_FDCWD, "missing", 0, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "", 0, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
    OK(statx(-1, "f", 0, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, BAD, 0, STATX_SIZE, &sx));
    OK(statx(AT_FDCWD, "f", 0, STATX_SIZE, BAD));
    int fd = MUST(open("f", O_RDONLY));
    OK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
    NUM(sx.stx_size);
    OK(statx(0, "", AT_EMPTY_PATH, STATX_TYPE, &sx));
    YES(S_ISCHR(sx.stx_mode) || S_ISFIFO(sx.stx_mode) || S_ISREG(sx.stx_mode));
    for (size_t i = 0; i < 4; i++) {
        const char* const places[] = {"/", "/proc", "/dev/shm", "/etc/passwd"};
        STR(places[i]);
        MUST(statx(AT_FDCWD, places[i], 0, STATX_BASIC_STATS, &sx));
        YES((sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0);
        YES((sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0);
    }
    return 0;
}
