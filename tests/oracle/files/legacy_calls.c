// The old calls by number: open, creat, stat, lstat, fstat, access, rename, utime, utimes, futimesat,
// getdents, mknod.
#include "oracle.h"

#include <utime.h>
struct old_entry {
    unsigned long inode, offset;
    unsigned short length;
    char name[];
};
int main(void) {
    scratch();
    struct stat st;
    int fd = OK(syscall(SYS_open, "f", O_RDWR | O_CREAT, 0640));
    OK(syscall(SYS_creat, "g", 0600));
    OK(syscall(SYS_open, "missing", O_RDONLY));
    NUM(syscall(SYS_write, fd, "12345", 5));
    OK(syscall(SYS_stat, "f", &st));
    NUM(st.st_size);
    OCT(st.st_mode);
    OK(syscall(SYS_fstat, fd, &st));
    OK(syscall(SYS_symlink, "f", "s"));
    OK(syscall(SYS_lstat, "s", &st));
    YES(S_ISLNK(st.st_mode));
    OK(syscall(SYS_link, "f", "h"));
    OK(syscall(SYS_rename, "h", "i"));
    OK(syscall(SYS_unlink, "i"));
    OK(syscall(SYS_mkdir, "d", 0700));
    OK(syscall(SYS_access, "d", X_OK));
    OK(syscall(SYS_chmod, "d", 0500));
    OK(syscall(SYS_chown, "d", -1, -1));
    OK(syscall(SYS_lchown, "s", -1, -1));
    OK(syscall(SYS_rmdir, "d"));
    OK(syscall(SYS_mknod, "p", S_IFIFO | 0600, 0));
    char text[8] = "";
    NUM(syscall(SYS_readlink, "s", text, 8));
    struct utimbuf u = {11, 22};
    OK(syscall(SYS_utime, "f", &u));
    stat("f", &st);
    say("%ld %ld\n", (long)st.st_atime, (long)st.st_mtime);
    OK(syscall(SYS_utime, "f", NULL));
    struct timeval tv[2] = {{33, 0}, {44, 999999}};
    OK(syscall(SYS_utimes, "f", tv));
    stat("f", &st);
    say("%ld %ld.%09ld\n", (long)st.st_atime, (long)st.st_mtime, st.st_mtim.tv_nsec);
    tv[0].tv_sec = 55;
    OK(syscall(SYS_futimesat, AT_FDCWD, "f", tv));
    stat("f", &st);
    NUM(st.st_atime);
    tv[0].tv_usec = 1000000;
    OK(syscall(SYS_futimesat, AT_FDCWD, "f", tv));
    OK(syscall(SYS_utime, "missing", &u));
    int dir = MUST(open(".", O_RDONLY));
    static char buffer[4096];
    int entries = 0, types = 0;
    for (long n; (n = syscall(SYS_getdents, dir, buffer, sizeof buffer)) > 0;)
        for (long at = 0; at < n;) {
            struct old_entry* e = (void*)(buffer + at);
            entries++;
            if (strcmp(e->name, "s") == 0) types = buffer[at + e->length - 1];
            at += e->length;
        }
    NUM(entries);
    YES(types == DT_LNK || types == DT_UNKNOWN);
    OK(syscall(SYS_getdents, dir, buffer, 5) * 0);
    OK(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK));
    OK(syscall(SYS_dup2, fd, 50));
    OK(syscall(SYS_pwrite64, 50, "x", 1, 2));
    OK(syscall(SYS_getcwd, text, 2));
    return 0;
}
