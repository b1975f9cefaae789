// O_PATH: a place in the tree, not an open file: what works on it and what is EBADF.
#include "oracle.h"

#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
int main(void) {
    scratch();
    put_file("f", "contents");
    symlink("f", "link");
    mkdir("d", 0700);
    put_file("d/x", "in d");
    int f = OK(open("f", O_PATH)), d = OK(open("d", O_PATH | O_DIRECTORY)),
        l = OK(open("link", O_PATH | O_NOFOLLOW));
    char text[32] = "";
    struct stat st;
    struct statfs fs;
    OK(read(f, text, 4));
    OK(write(f, text, 4));
    OK(lseek(f, 0, SEEK_SET));
    OK(fchmod(f, 0600));
    OK(fchown(f, -1, -1));
    OK(ioctl(f, FIONREAD, text));
    OK(fgetxattr(f, "user.x", text, 4));
    OK(ftruncate(f, 0));
    OK(fsync(f));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, f, 0));
    OK(syscall(SYS_getdents64, d, text, sizeof text));
    OK(fstat(f, &st));
    NUM(st.st_size);
    OK(fstatfs(f, &fs));
    OK(fcntl(f, F_GETFD));
    OK(fcntl(f, F_DUPFD, 0));
    HEX(fcntl(f, F_GETFL) & (O_PATH | O_ACCMODE));
    OK(fcntl(f, F_SETFL, O_NONBLOCK));
    OK(fcntl(f, F_GETLK, text));
    OK(openat(d, "x", O_RDONLY));
    OK(fchdir(d));
    STR(get_file("x"));
    if (chdir("..") < 0) return 1;
    OK(fchdir(f));
    OK(fstat(l, &st));
    YES(S_ISLNK(st.st_mode));
    NUM(readlinkat(l, "", text, sizeof text));
    OK(readlinkat(f, "", text, sizeof text));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", f);
    int opened = OK(open(path, O_RDONLY));
    memset(text, 0, sizeof text);
    NUM(read(opened, text, 8));
    STR(text);
    snprintf(path, sizeof path, "/proc/self/fd/%d", l);
    OK(open(path, O_RDONLY));
    OK(open("link", O_PATH | O_NOFOLLOW | O_DIRECTORY));
    OK(open("link", O_RDONLY | O_NOFOLLOW));
    OK(open("missing", O_PATH));
    OK(open("new", O_PATH | O_CREAT, 0600));
    OK(linkat(AT_FDCWD, path, AT_FDCWD, "hard", AT_SYMLINK_FOLLOW));
    RUNS("ordinary", become_ordinary(); OK(open("/etc/shadow", O_PATH)); OK(open("/etc/shadow", O_RDONLY)));
    OK(close(f));
    OK(close(f));
    return 0;
}
