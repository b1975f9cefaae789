// utimensat, futimens, utimes: now, omit, given values; what read and write and chmod change.
#include "oracle.h"

static struct timespec at, mt, ct;
static void load(const char* path) {
    struct stat st;
    lstat(path, &st);
    at = st.st_atim;
    mt = st.st_mtim;
    ct = st.st_ctim;
}
static int later(struct timespec a, struct timespec b) {
    return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}
int main(void) {
    scratch();
    give_scratch();
    put_file("f", "x");
    struct timespec t[2] = {{1000, 123456789}, {2000, 987654321}};
    OK(utimensat(AT_FDCWD, "f", t, 0));
    load("f");
    say("%ld.%09ld %ld.%09ld\n", (long)at.tv_sec, at.tv_nsec, (long)mt.tv_sec, mt.tv_nsec);
    YES(later(ct, mt));
    t[0].tv_nsec = UTIME_OMIT;
    t[1] = (struct timespec){3000, 0};
    OK(utimensat(AT_FDCWD, "f", t, 0));
    load("f");
    say("%ld %ld\n", (long)at.tv_sec, (long)mt.tv_sec);
    t[1].tv_nsec = UTIME_NOW;
    OK(utimensat(AT_FDCWD, "f", t, 0));
    load("f");
    YES(at.tv_sec == 1000 && mt.tv_sec > 1000000);
    t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
    OK(utimensat(AT_FDCWD, "missing", t, 0));
    OK(utimensat(AT_FDCWD, "f", NULL, 0));
    load("f");
    YES(at.tv_sec > 1000000);
    t[0] = t[1] = (struct timespec){1, 1000000000};
    OK(utimensat(AT_FDCWD, "f", t, 0));
    t[0] = t[1] = (struct timespec){5, 0};
    OK(utimensat(AT_FDCWD, "f", t, 0x1));
    symlink("f", "l");
    OK(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
    load("l");
    NUM(mt.tv_sec);
    load("f");
    YES(mt.tv_sec > 5);
    int fd = MUST(open("f", O_RDWR));
    OK(futimens(fd, t));
    NUM(write(fd, "y", 1));
    load("f");
    YES(mt.tv_sec > 5 && later(ct, (struct timespec){5, 0}));
    OK(futimens(fd, t));
    struct timespec before = ct;
    load("f");
    NUM(mt.tv_sec);
    sleep_ms(15);
    chmod("f", 0600);
    load("f");
    YES(mt.tv_sec == 5 && later(ct, before));
    NUM(ftruncate(fd, 1));
    mkdir("d", 0700);
    OK(utimensat(AT_FDCWD, "d", t, 0));
    put_file("d/new", "");
    load("d");
    YES(mt.tv_sec > 5);
    OK(utimensat(AT_FDCWD, "d", t, 0));
    unlink("d/new");
    load("d");
    YES(mt.tv_sec > 5);
    struct timeval tv[2] = {{7, 500000}, {8, 250000}};
    OK(utimes("f", tv));
    load("f");
    say("%ld.%09ld %ld.%09ld\n", (long)at.tv_sec, at.tv_nsec, (long)mt.tv_sec, mt.tv_nsec);
    tv[0].tv_usec = 1000000;
    OK(utimes("f", tv));
    put_file("before1970", "");
    t[0] = t[1] = (struct timespec){-100, 0};
    OK(utimensat(AT_FDCWD, "before1970", t, 0));
    load("before1970");
    NUM(mt.tv_sec);
    RUNS("ordinary", become_ordinary(); OK(utimensat(AT_FDCWD, "/etc/passwd", t, 0));
         OK(utimensat(AT_FDCWD, "/etc/passwd", NULL, 0)));
    return 0;
}
