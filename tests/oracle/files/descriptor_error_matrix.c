// Every call that takes a descriptor, with every kind of descriptor: each must accept it or name the same
// error.
#include "oracle.h"

#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static char buffer[256];
static struct stat status;
static struct iovec piece = {buffer, 8};
enum { directory = 3, pipe_out, pipe_in, source, first_free };

#define CALLS(X)                                                                                \
    X(read, read(fd, buffer, 8))                                                                \
    X(read_nothing, read(fd, buffer, 0))                                                        \
    X(write, write(fd, "x", 1))                                                                 \
    X(write_nothing, write(fd, "x", 0))                                                         \
    X(pread, pread(fd, buffer, 8, 0))                                                           \
    X(pread_negative, pread(fd, buffer, 8, -1))                                                 \
    X(pwrite, pwrite(fd, "x", 1, 0))                                                            \
    X(readv, readv(fd, &piece, 1))                                                              \
    X(writev, writev(fd, &piece, 1))                                                            \
    X(preadv, preadv(fd, &piece, 1, 0))                                                         \
    X(pwritev, pwritev(fd, &piece, 1, 0))                                                       \
    X(preadv2, preadv2(fd, &piece, 1, -1, 0))                                                   \
    X(pwritev2, pwritev2(fd, &piece, 1, -1, 0))                                                 \
    X(preadv2_flags, preadv2(fd, &piece, 1, 0, 0x40000000))                                     \
    X(readv_many, readv(fd, &piece, 1025))                                                      \
    X(lseek, lseek(fd, 0, SEEK_CUR))                                                            \
    X(lseek_negative, lseek(fd, -1, SEEK_SET))                                                  \
    X(lseek_whence, lseek(fd, 0, 99))                                                           \
    X(fstat, fstat(fd, &status))                                                                \
    X(fstat_bad, syscall(SYS_fstat, fd, BAD))                                                   \
    X(fstatat_empty, fstatat(fd, "", &status, AT_EMPTY_PATH))                                   \
    X(fstatat_name, fstatat(fd, "name", &status, 0))                                            \
    X(ftruncate, ftruncate(fd, 0))                                                              \
    X(ftruncate_negative, ftruncate(fd, -1))                                                    \
    X(fallocate, fallocate(fd, 0, 0, 10))                                                       \
    X(fallocate_nothing, fallocate(fd, 0, 0, 0))                                                \
    X(fsync, fsync(fd) + fdatasync(fd))                                                         \
    X(syncfs, syncfs(fd))                                                                       \
    X(sync_file_range, sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE))                        \
    X(fadvise, (errno = posix_fadvise(fd, 0, 0, 0)) != 0 ? -1 : 0)                              \
    X(fadvise_advice, (errno = posix_fadvise(fd, 0, 0, 99)) != 0 ? -1 : 0)                      \
    X(readahead, readahead(fd, 0, 10))                                                          \
    X(getdents64, syscall(SYS_getdents64, fd, buffer, 256))                                     \
    X(getdents64_small, syscall(SYS_getdents64, fd, buffer, 1))                                 \
    X(fchdir, fchdir(fd))                                                                       \
    X(fchmod, fchmod(fd, 0666))                                                                 \
    X(fchown, fchown(fd, -1, -1))                                                               \
    X(futimens, futimens(fd, NULL))                                                             \
    X(utimensat_name, utimensat(fd, "name", NULL, 0))                                           \
    X(fstatfs, fstatfs(fd, (void*)buffer))                                                      \
    X(dup, dup(fd))                                                                             \
    X(dup2_self, dup2(fd, fd))                                                                  \
    X(dup3_self, dup3(fd, fd, 0))                                                               \
    X(dup2_far, dup2(fd, 1 << 24))                                                              \
    X(dup3_flags, dup3(fd, 60, 1))                                                              \
    X(dupfd_negative, fcntl(fd, F_DUPFD, -1))                                                   \
    X(getfd, fcntl(fd, F_GETFD))                                                                \
    X(getfl, fcntl(fd, F_GETFL))                                                                \
    X(setfl, fcntl(fd, F_SETFL, fcntl(fd, F_GETFL)))                                            \
    X(getlk_bad, fcntl(fd, F_GETLK, BAD))                                                       \
    X(setlk_read, fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK}))                       \
    X(setlk_write, fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK}))                      \
    X(setlk_type, fcntl(fd, F_SETLK, &(struct flock){.l_type = 9}))                             \
    X(setlk_whence, fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK, .l_whence = 9}))      \
    X(getpipe_sz, fcntl(fd, F_GETPIPE_SZ))                                                      \
    X(get_seals, fcntl(fd, F_GET_SEALS))                                                        \
    X(fcntl_unknown, fcntl(fd, 9999))                                                           \
    X(flock, flock(fd, LOCK_SH | LOCK_NB))                                                      \
    X(flock_unlock, flock(fd, LOCK_UN))                                                         \
    X(flock_kind, flock(fd, 99))                                                                \
    X(ioctl_unknown, syscall(SYS_ioctl, fd, 0xdead, 0))                                         \
    X(sendfile_to, sendfile(fd, source, &(off_t){0}, 1))                                        \
    X(sendfile_from, sendfile(pipe_in, fd, &(off_t){0}, 1))                                     \
    X(copy_file_range_from, copy_file_range(fd, &(loff_t){0}, source, &(loff_t){100}, 1, 0))    \
    X(copy_file_range_to, copy_file_range(source, &(loff_t){0}, fd, &(loff_t){0}, 1, 0))        \
    X(copy_file_range_flags, copy_file_range(fd, NULL, source, NULL, 1, 1))                     \
    X(splice_from, splice(fd, NULL, pipe_in, NULL, 1, SPLICE_F_NONBLOCK))                       \
    X(splice_from_offset, splice(fd, &(loff_t){0}, pipe_in, NULL, 1, SPLICE_F_NONBLOCK))        \
    X(tee, tee(fd, pipe_in, 1, SPLICE_F_NONBLOCK))                                              \
    X(vmsplice, vmsplice(fd, &piece, 1, SPLICE_F_NONBLOCK))                                     \
    X(openat_name, openat(fd, "name", O_RDONLY))                                                \
    X(openat_empty, openat(fd, "", O_RDONLY))                                                   \
    X(openat_absolute, openat(fd, "/dev/null", O_RDONLY))                                       \
    X(mkdirat, mkdirat(fd, "name", 0700))                                                       \
    X(unlinkat, unlinkat(fd, "name", 0))                                                        \
    X(symlinkat, symlinkat("x", fd, "name") + unlinkat(fd, "name", 0))                          \
    X(readlinkat_empty, readlinkat(fd, "", buffer, 10))                                         \
    X(fchmodat, fchmodat(fd, "name", 0600, 0))                                                  \
    X(fchownat_empty, fchownat(fd, "", -1, -1, AT_EMPTY_PATH))                                  \
    X(faccessat, faccessat(fd, "name", F_OK, 0))                                                \
    X(faccessat_empty, syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH))                    \
    X(renameat, renameat(fd, "name", fd, "other"))                                              \
    X(mknodat, mknodat(fd, "name", S_IFREG | 0600, 0) + unlinkat(fd, "name", 0))                \
    X(execveat_empty, syscall(SYS_execveat, fd, "", (char*[]){"x", NULL}, NULL, AT_EMPTY_PATH)) \
    X(fgetxattr, fgetxattr(fd, "user.none", buffer, 10))                                        \
    X(fremovexattr, fremovexattr(fd, "user.none"))

#define KINDS(X)                                         \
    X(closed, 77)                                        \
    X(negative, -1)                                      \
    X(path_file, open("file", O_PATH))                   \
    X(path_directory, open("dir", O_PATH | O_DIRECTORY)) \
    X(path_link, open("link", O_PATH | O_NOFOLLOW))      \
    X(directory, open("dir", O_RDONLY))                  \
    X(read_only, open("file", O_RDONLY))                 \
    X(write_only, open("file", O_WRONLY))                \
    X(append, open("file", O_RDWR | O_APPEND))           \
    X(null, open("/dev/null", O_RDWR))                   \
    X(pipe_read, ends[0])                                \
    X(pipe_write, ends[1])                               \
    X(fifo, open("fifo", O_RDWR | O_NONBLOCK))           \
    X(socket, pair[0])                                   \
    X(memfd, syscall(SYS_memfd_create, "m", 2))

static int ends[2], pair[2];

#define DEFINE_CALL(name, call)       \
    static long call_##name(int fd) { \
        return (long)(call);          \
    }
#define DEFINE_KIND(name, make)    \
    static int kind_##name(void) { \
        return make;               \
    }
CALLS(DEFINE_CALL)
KINDS(DEFINE_KIND)

static const struct {
    const char* name;
    int (*make)(void);
} kinds[] = {
#define KIND(name, make) {#name, kind_##name},
    KINDS(KIND)};

static void prepare(void) {
    unlink("dir/name");
    unlink("dir/other");
    while (read(pipe_out, buffer, sizeof buffer) > 0) {
    }
    put_file("file", "some text that is here");
    MUST(chmod("file", 0700));
    MUST(pipe2(ends, O_NONBLOCK));
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
}

static void try_all(const char* name, long (*call)(int fd)) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        prepare();
        int fd = kinds[i].make();
        errno = 0;
        long result = call(fd);
        int error = errno == EOPNOTSUPP ? ENODATA : errno;  // of attributes, where the file system has none
        say("%s, %s: %s\n", name, kinds[i].name, result < 0 ? errno_name(error) : "ok");
        MUST(fchdir(directory));
        close_range(first_free, ~0u, 0);
    }
}

int main(void) {
    scratch_below("/dev/shm");
    give_scratch();
    become_ordinary();
    signal(SIGPIPE, SIG_IGN);
    MUST(mkdir("dir", 0700));
    MUST(symlink("file", "link"));
    MUST(mkfifo("fifo", 0600));
    put_file("source", "where it comes from");
    MUST(dup2(MUST(open(".", O_RDONLY | O_DIRECTORY)), directory));
    MUST(pipe2(ends, O_NONBLOCK));
    int opened = MUST(open("source", O_RDWR));
    MUST(dup3(ends[0], 10, 0));
    MUST(dup3(ends[1], 11, 0));
    MUST(dup3(opened, 12, 0));
    MUST(dup2(10, pipe_out));
    MUST(dup2(11, pipe_in));
    MUST(dup2(12, source));
    close_range(first_free, ~0u, 0);
#define TRY(name, call) try_all(#name, call_##name);
    CALLS(TRY)
    return 0;
}
