// Every call that takes a path, with every kind of wrong path: each must name the same error.
#include "oracle.h"

#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <utime.h>

static char buffer[8192];
static struct stat status;

// A new file's name, for the calls that take two.
static const char* fresh(void) {
    static char name[32];
    static int count;
    snprintf(name, sizeof name, "fresh%d", count++);
    return name;
}

#define CALLS(X)                                                                                     \
    X(open, open(p, O_RDONLY | O_NONBLOCK))                                                          \
    X(open_create, open(p, O_WRONLY | O_CREAT | O_NONBLOCK, 0600))                                   \
    X(open_exclusive, open(p, O_WRONLY | O_CREAT | O_EXCL, 0600))                                    \
    X(open_directory, open(p, O_RDONLY | O_DIRECTORY | O_NONBLOCK))                                  \
    X(open_no_follow, open(p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))                                   \
    X(open_truncate, open(p, O_WRONLY | O_TRUNC | O_NONBLOCK))                                       \
    X(open_path, open(p, O_PATH))                                                                    \
    X(open_temporary, open(p, O_RDWR | O_TMPFILE, 0600))                                             \
    X(creat, creat(p, 0600))                                                                         \
    X(stat, syscall(SYS_stat, p, &status))                                                           \
    X(lstat, syscall(SYS_lstat, p, &status))                                                         \
    X(statx, statx(AT_FDCWD, p, 0, STATX_BASIC_STATS, (void*)buffer))                                \
    X(access, access(p, R_OK))                                                                       \
    X(faccessat2, syscall(SYS_faccessat2, AT_FDCWD, p, F_OK, AT_EACCESS))                            \
    X(truncate, truncate(p, 0))                                                                      \
    X(chdir, chdir(p))                                                                               \
    X(rename_from, rename(p, fresh()))                                                               \
    X(rename_to, rename("plain", p))                                                                 \
    X(rename_directory_to, rename("empty", p))                                                       \
    X(rename_exchange, renameat2(AT_FDCWD, p, AT_FDCWD, "plain", 2))                                 \
    X(mkdir, mkdir(p, 0700))                                                                         \
    X(rmdir, rmdir(p))                                                                               \
    X(link_from, link(p, fresh()))                                                                   \
    X(link_to, link("plain", p))                                                                     \
    X(link_follow, linkat(AT_FDCWD, p, AT_FDCWD, fresh(), AT_SYMLINK_FOLLOW))                        \
    X(unlink, unlink(p))                                                                             \
    X(symlink, symlink("target", p))                                                                 \
    X(readlink, readlink(p, buffer, 100))                                                            \
    X(chmod, chmod(p, 0700))                                                                         \
    X(chown, chown(p, -1, -1))                                                                       \
    X(lchown, lchown(p, -1, -1))                                                                     \
    X(utime, syscall(SYS_utime, p, NULL))                                                            \
    X(utimes, syscall(SYS_utimes, p, NULL))                                                          \
    X(futimesat, syscall(SYS_futimesat, AT_FDCWD, p, NULL))                                          \
    X(utimensat, syscall(SYS_utimensat, AT_FDCWD, p, NULL, 0))                                       \
    X(utimensat_link, syscall(SYS_utimensat, AT_FDCWD, p, NULL, AT_SYMLINK_NOFOLLOW))                \
    X(mknod, mknod(p, S_IFREG | 0600, 0))                                                            \
    X(mkfifo, mkfifo(p, 0600))                                                                       \
    X(statfs, statfs(p, (void*)buffer))                                                              \
    X(execve, execve(p, (char* const[]){"x", NULL}, NULL))                                           \
    X(getxattr, getxattr(p, "user.none", buffer, 10))                                                \
    X(lgetxattr, lgetxattr(p, "user.none", buffer, 10))                                              \
    X(listxattr, listxattr(p, buffer, 0) > 0 ? 0 : listxattr(p, buffer, sizeof buffer))              \
    X(llistxattr, llistxattr(p, buffer, sizeof buffer))                                              \
    X(removexattr, removexattr(p, "user.none"))                                                      \
    X(lremovexattr, lremovexattr(p, "user.none"))                                                    \
    X(openat2, syscall(SYS_openat2, AT_FDCWD, p, &(struct open_how){.flags = O_RDONLY | O_NONBLOCK}, \
                       sizeof(struct open_how)))

// What the calls may have changed is made anew before each.
static void prepare(void) {
    MUST(close(MUST(open("plain", O_RDWR | O_CREAT, 0600))));
    (void)!mkdir("empty", 0700);
    (void)!mkdir("full", 0700);
    (void)!mkdir("full/inner", 0700);
    (void)!symlink("loop", "loop");
    (void)!symlink("nowhere", "dangling");
    (void)!symlink("plain", "to_plain");
    (void)!symlink("full", "to_full");
    (void)!mkdir("closed", 0700);
    (void)!chmod("closed", 0700);
    (void)!close(open("closed/file", O_RDWR | O_CREAT, 0600));
    MUST(chmod("closed", 0));
}

static int remove_inner(const char* path, const struct stat* st, int kind, struct FTW* at) {
    (void)st, (void)kind;
    if (at->level > 0) remove(path);
    return 0;
}

static void clean(void) {
    nftw(".", oracle_open_up, 16, FTW_PHYS);
    nftw(".", remove_inner, 16, FTW_DEPTH | FTW_PHYS);
}

static char longest_name[300], longest_path[5000];

static const struct {
    const char *what, *path;
} paths[] = {
    {"empty", ""},
    {"missing", "missing"},
    {"missing directory", "missing/file"},
    {"missing with slash", "missing/"},
    {"beneath a file", "plain/file"},
    {"file with slash", "plain/"},
    {"beneath a link to a file", "to_plain/file"},
    {"link to a file with slash", "to_plain/"},
    {"loop", "loop"},
    {"beneath a loop", "loop/file"},
    {"dangling", "dangling"},
    {"dangling with slash", "dangling/"},
    {"beneath a closed directory", "closed/file"},
    {"closed directory", "closed"},
    {"closed and up", "closed/../plain"},
    {"long name", longest_name},
    {"long path", longest_path},
    {"dot", "."},
    {"dot dot", "full/inner/.."},
    {"ends in dot", "full/."},
    {"missing, ends in dot", "missing/."},
    {"full directory", "full"},
    {"full directory with slash", "full/"},
    {"link to a directory", "to_full"},
    {"link to a directory with slash", "to_full/"},
    {"root", "/"},
    {"null", NULL},
    {"unmapped", (const char*)16},
};

static void try_all(const char* name, int (*call)(const char* p)) {
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        prepare();
        errno = 0;
        int result = call(paths[i].path);
        int error = errno == EOPNOTSUPP ? ENODATA : errno;  // of attributes, where the file system has none
        say("%s, %s: %s\n", name, paths[i].what, result == -1 ? errno_name(error) : "ok");
        if (result > 2) close(result);
        MUST(fchdir(3));
        clean();
    }
}

#define DEFINE(name, call)                  \
    static int call_##name(const char* p) { \
        return (int)(call);                 \
    }
CALLS(DEFINE)

int main(void) {
    scratch_below("/dev/shm");  // thousands of files, and another file system than the root's
    give_scratch();
    become_ordinary();
    MUST(dup2(MUST(open(".", O_RDONLY | O_DIRECTORY)), 3));
    memset(longest_name, 'n', 256);
    for (size_t i = 0; i < 4096; i++) longest_path[i] = "./"[i % 2];
#define TRY(name, call) try_all(#name, call_##name);
    CALLS(TRY)
    return 0;
}
