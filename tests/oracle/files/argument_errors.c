// What is wrong with the other arguments: flags, pointers, sizes, numbers, and limits that are reached.
#include "oracle.h"

#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <utime.h>

static char buffer[256];
static int file, directory;

static void bad_flags(void) {
    OK(openat(AT_FDCWD, "file", O_RDONLY | O_CREAT | O_DIRECTORY, 0600));
    OK(open("dir", O_TMPFILE | O_RDONLY, 0600));
    OK(open("dir", O_WRONLY));
    OK(open("dir", O_RDONLY | O_TRUNC));
    OK(syscall(SYS_faccessat2, AT_FDCWD, "file", 8, 0));
    OK(syscall(SYS_faccessat2, AT_FDCWD, "file", 0, 1));
    OK(access("file", 0xff));
    OK(fchownat(AT_FDCWD, "file", -1, -1, 1));
    OK(linkat(AT_FDCWD, "file", AT_FDCWD, "new", 1));
    OK(unlinkat(AT_FDCWD, "file", 1));
    OK(renameat2(AT_FDCWD, "file", AT_FDCWD, "new", 8));
    OK(renameat2(AT_FDCWD, "file", AT_FDCWD, "new", RENAME_NOREPLACE | RENAME_EXCHANGE));
    OK(syscall(SYS_newfstatat, AT_FDCWD, "file", buffer, 1));
    OK(syscall(SYS_statx, AT_FDCWD, "file", 1, 0, buffer));
    OK(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000, buffer));
    OK(syscall(SYS_utimensat, AT_FDCWD, "file", NULL, 1));
    OK(pipe2((int[2]){0, 0}, 1));
    OK(dup3(file, 50, O_NONBLOCK));
    OK(dup3(file, file, 0));
    OK(syscall(SYS_close_range, 50, 40, 0));
    OK(syscall(SYS_close_range, 50, 60, 1));
    OK(mknod("new", S_IFLNK | 0600, 0));
    OK(mknod("new", S_IFDIR | 0600, 0));
    OK(mknod("new", 0110000 | 0600, 0));
    OK(flock(file, 0));
    OK(flock(file, LOCK_SH | LOCK_EX));
    OK(sync_file_range(file, 0, 0, 8));
    OK(sync_file_range(file, -1, 0, 0));
    OK(sync_file_range(file, 0, -1, 0));
    OK(tee(file, file, 1, 16));
    OK(splice(file, NULL, file, NULL, 1, 16));
    OK(setxattr("file", "user.a", "b", 1, 4));
    OK(lseek(file, 0, 5));
    OK(lseek(file, -100, SEEK_CUR));
    OK(lseek(file, LLONG_MAX, SEEK_END));
    OK(lseek(file, 1000, SEEK_DATA));
    OK(lseek(file, 1000, SEEK_HOLE));
    OK(lseek(file, -1, SEEK_DATA));
}

static void bad_pointers(void) {
    OK(syscall(SYS_stat, "file", BAD));
    OK(syscall(SYS_lstat, "file", BAD));
    OK(syscall(SYS_newfstatat, AT_FDCWD, "file", BAD, 0));
    OK(syscall(SYS_statx, AT_FDCWD, "file", 0, 0, BAD));
    OK(statfs("/", BAD));
    OK(fstatfs(file, BAD));
    OK(readlink("link", BAD, 10));
    OK(readlink("link", buffer, 0));
    OK(syscall(SYS_readlink, "link", buffer, -1));
    OK(syscall(SYS_getcwd, BAD, 100));
    OK(syscall(SYS_getcwd, buffer, 0));
    OK(syscall(SYS_getcwd, buffer, 1));
    OK(syscall(SYS_getdents64, directory, BAD, 100));
    OK(syscall(SYS_getdents, directory, BAD, 100));
    OK(syscall(SYS_getdents, directory, buffer, 1));
    OK(syscall(SYS_getdents, file, buffer, 100));
    OK(syscall(SYS_pipe, BAD));
    OK(syscall(SYS_pipe2, BAD, 0));
    OK(rename("file", BAD));
    OK(link("file", BAD));
    OK(symlink(BAD, "new"));
    OK(symlink("", "new"));
    OK(syscall(SYS_utime, "file", BAD));
    OK(syscall(SYS_utimes, "file", BAD));
    OK(syscall(SYS_futimesat, AT_FDCWD, "file", BAD));
    OK(syscall(SYS_utimensat, AT_FDCWD, "file", BAD, 0));
    OK(utimes("file", (struct timeval[2]){{0, 1000000}, {0, 0}}));
    OK(utimensat(AT_FDCWD, "file", (struct timespec[2]){{0, 0}, {0, -5}}, 0));
    OK(read(file, BAD, 1));
    OK(write(file, BAD, 1));
    OK(pread(file, BAD, 1, 0));
    OK(pwrite(file, BAD, 1, 0));
    OK(readv(file, BAD, 1));
    OK(writev(file, BAD, 1));
    OK(readv(file, (struct iovec[1]){{buffer, (size_t)-1}}, 1));
    OK(syscall(SYS_readv, file, BAD, -1));
    OK(syscall(SYS_preadv, file, BAD, 1, 0, 0));
    OK(syscall(SYS_pwritev, file, BAD, 1, 0, 0));
    OK(sendfile(file, file, BAD, 1));
    OK(copy_file_range(file, BAD, file, NULL, 1, 0));
    OK(syscall(SYS_ustat, 0xffffffff, buffer));
    OK(fcntl(file, F_SETLK, BAD));
    OK(syscall(SYS_setxattr, "file", BAD, "x", 1, 0));
    OK(syscall(SYS_getxattr, "file", BAD, buffer, 1));
    OK(syscall(SYS_setxattr, "file", "", "x", 1, 0));
    OK(syscall(SYS_getxattr, "file", "nowhere", buffer, 1) == -1 && errno != EOPNOTSUPP ? -1 : 0);
}

static void too_much(void) {
    struct rlimit limit = {8, 8}, size = {10, 10};
    int ends[2];
    RUNS(
        "descriptors", close_range(3, ~0u, 0); MUST(setrlimit(RLIMIT_NOFILE, &limit));
        while (dup(1) >= 0) {} OK(dup(1)); OK(open("file", O_RDONLY)); OK(creat("file", 0600));
        OK(dup2(1, 8)); OK(dup2(1, 7)); OK(dup3(1, 9, 0)); OK(fcntl(1, F_DUPFD, 8)); OK(fcntl(1, F_DUPFD, 3));
        OK(pipe(ends)); OK(pipe2(ends, 0)); close(7); OK(pipe(ends)); OK(dup(1)));
    RUNS("sizes", signal(SIGXFSZ, SIG_IGN); MUST(setrlimit(RLIMIT_FSIZE, &size));
         NUM(pwrite(file, "x", 1, 10)); NUM(pwrite(file, "abcdef", 6, 8)); OK(ftruncate(file, 11));
         OK(truncate("file", 11)); OK(ftruncate(file, 3)); OK(fallocate(file, 0, 0, 11));
         NUM(lseek(file, 20, SEEK_SET)); NUM(write(file, "x", 1)));
    RUNS("size signal", MUST(setrlimit(RLIMIT_FSIZE, &size)); pwrite(file, "x", 1, 10));
    OK(ftruncate(file, LLONG_MAX) == -1 && errno != EFBIG && errno != EINVAL ? -1 : 0);
    OK(pwrite(file, "x", 1, LLONG_MAX));
    OK(pread(file, buffer, 1, LLONG_MAX));
    OK(fallocate(file, 0, LLONG_MAX, 1));
}

static void not_permitted(void) {
    OK(chroot("dir"));
    OK(mknod("new", S_IFCHR | 0600, 0x103));
    OK(chown("file", 0, -1));
    OK(chown("file", -1, 0));
    OK(fchown(file, 0, 0));
    OK(lchown("link", 0, 0));
    OK(chmod("/", 0777));
    OK(unlink("/etc/passwd"));
    OK(rename("/etc/passwd", "new"));
    OK(mkdir("/etc/new", 0700));
    OK(rmdir("/etc"));
    OK(symlink("x", "/etc/new"));
    OK(truncate("/etc/passwd", 0));
    OK(open("/etc/passwd", O_WRONLY));
    OK(open("/etc/new", O_WRONLY | O_CREAT, 0600));
    OK(open("/etc/passwd", O_RDONLY | O_NOATIME));
    OK(utimes("/etc/passwd", NULL));
    OK(utimes("/etc/passwd", (struct timeval[2]){{1, 0}, {1, 0}}));
    OK(chdir("closed"));
    int closed = open("closed", O_PATH);
    OK(fchdir(closed));
    OK(setxattr("file", "trusted.a", "b", 1, 0));
}

int main(void) {
    scratch_below("/dev/shm");
    give_scratch();
    become_ordinary();
    put_file("file", "some text");
    MUST(mkdir("dir", 0700));
    MUST(mkdir("closed", 0));
    MUST(symlink("file", "link"));
    file = MUST(open("file", O_RDWR));
    directory = MUST(open(".", O_RDONLY | O_DIRECTORY));
    bad_flags();
    bad_pointers();
    too_much();
    not_permitted();
    return 0;
}
