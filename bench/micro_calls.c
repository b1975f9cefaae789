// Calls that touch one file or nothing at all.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/micro.h"

static char path[256];
static int descriptor = -1;
static char buffer[65536];

static void make_file(void) {
    snprintf(path, sizeof path, "%s/litebox-bench-%d", scratch_directory, (int)getpid());
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (descriptor < 0) die(path);
    memset(buffer, 'x', sizeof buffer);
    if (write(descriptor, buffer, sizeof buffer) != (ssize_t)sizeof buffer) die("write");
}

static void drop_file(void) {
    close(descriptor);
    unlink(path);
}

static void run_getpid(long n) {
    while (n--) BARE_CALL0(SYS_getpid);
}

static void run_getppid(long n) {
    while (n--) getppid();
}

static void run_stat(long n) {
    struct stat st;
    while (n--)
        if (stat(path, &st)) die("stat");
}

static void run_open_read_close(long n) {
    char small[64];
    while (n--) {
        int fd = open(path, O_RDONLY);
        if (fd < 0) die("open");
        if (read(fd, small, sizeof small) != (ssize_t)sizeof small) die("read");
        close(fd);
    }
}

static void run_pread_1(long n) {
    char c;
    while (n--)
        if (pread(descriptor, &c, 1, 100) != 1) die("pread");
}

static void run_pread_64k(long n) {
    while (n--)
        if (pread(descriptor, buffer, sizeof buffer, 0) != (ssize_t)sizeof buffer) die("pread");
}

const struct bench call_rows[] = {
    {"getpid", "calls", NULL, run_getpid, NULL, 10, 0},
    {"getppid_libc", "calls", NULL, run_getppid, NULL, 10, 0},
    {"stat_tmpfs", "calls", make_file, run_stat, drop_file, 10, 0},
    {"open_read64_close", "calls", make_file, run_open_read_close, drop_file, 10, 0},
    {"pread_1", "calls", make_file, run_pread_1, drop_file, 10, 0},
    {"pread_64k", "calls", make_file, run_pread_64k, drop_file, 10, 0},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};
