// openat2: every RESOLVE_ flag, and the checks of its structure.
#include "oracle.h"

#include <linux/openat2.h>
static int dir;
static long open2(int at, const char* path, unsigned long flags, unsigned long mode, unsigned long resolve,
                  size_t size) {
    struct {
        struct open_how how;
        char more[64];
    } block = {.how = {flags, mode, resolve}};
    return syscall(SYS_openat2, at, path, &block, size);
}
#define TRY(path, resolve) OK(open2(dir, path, O_RDONLY, 0, resolve, sizeof(struct open_how)))
int main(void) {
    scratch();
    mkdir("d", 0755);
    mkdir("d/sub", 0755);
    put_file("f", "outside");
    put_file("d/in", "inside");
    put_file("d/f", "the root's f");
    symlink("in", "d/link");
    symlink("../f", "d/up");
    symlink("/f", "d/absolute");
    symlink("sub", "d/dirlink");
    dir = MUST(open("d", O_PATH));
    TRY("in", 0);
    TRY("up", 0);
    TRY("link", RESOLVE_NO_SYMLINKS);
    TRY("dirlink/../in", RESOLVE_NO_SYMLINKS);
    TRY("in", RESOLVE_NO_SYMLINKS);
    TRY("../f", RESOLVE_BENEATH);
    TRY("up", RESOLVE_BENEATH);
    TRY("absolute", RESOLVE_BENEATH);
    TRY("/etc/passwd", RESOLVE_BENEATH);
    TRY("sub/../in", RESOLVE_BENEATH);
    TRY("sub/../../d/in", RESOLVE_BENEATH);
    TRY("absolute", RESOLVE_IN_ROOT);
    TRY("/in", RESOLVE_IN_ROOT);
    TRY("../../../in", RESOLVE_IN_ROOT);
    TRY("/../missing", RESOLVE_IN_ROOT);
    char text[20] = "";
    read(open2(dir, "absolute", O_RDONLY, 0, RESOLVE_IN_ROOT, sizeof(struct open_how)), text, 19);
    STR(text);
    TRY("/proc/self/exe", RESOLVE_NO_MAGICLINKS);
    TRY("/proc/self/fd/1", RESOLVE_NO_MAGICLINKS);
    TRY("/proc/self/stat", RESOLVE_NO_MAGICLINKS);
    TRY("/dev/null", RESOLVE_NO_XDEV);
    TRY("sub", RESOLVE_NO_XDEV);
    TRY("in", 0x1000);
    TRY("in", RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    OK(open2(dir, "in", O_RDONLY, 0644, 0, 24));
    OK(open2(dir, "new", O_RDWR | O_CREAT, 0644, 0, 24));
    OK(open2(dir, "new", O_RDWR | O_CREAT, 0100000, 0, 24));
    OK(open2(dir, "in", 1ul << 40, 0, 0, 24));
    OK(open2(dir, "in", O_PATH | O_RDWR | O_APPEND, 0, 0, 24));
    OK(open2(dir, "in", O_RDONLY, 0, 0, 16));
    OK(open2(dir, "in", O_RDONLY, 0, 0, 64));
    OK(open2(dir, "in", O_RDONLY, 0, 0, 5000));
    struct {
        struct open_how how;
        long more;
    } newer = {.more = 1};
    OK(syscall(SYS_openat2, dir, "in", &newer, sizeof newer));
    OK(syscall(SYS_openat2, dir, "in", BAD, sizeof newer.how));
    return 0;
}
