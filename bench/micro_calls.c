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

static void open_unread(void) {
    if (!unread_file || (descriptor = open(unread_file, O_RDONLY)) < 0)
        die(unread_file ? unread_file : "--unread");
}

static void close_unread(void) {
    close(descriptor);
}

/// On and on: nothing is read twice.
static void run_read_disk(long n) {
    while (n--)
        if (read(descriptor, buffer, sizeof buffer) != (ssize_t)sizeof buffer) die("the file is too short");
}

const struct bench call_rows[] = {
    {"getpid", "calls", NULL, run_getpid, NULL, 10, 0},
    {"getppid_libc", "calls", NULL, run_getppid, NULL, 10, 0},
    {"stat_tmpfs", "calls", make_file, run_stat, drop_file, 10, 0},
    {"open_read64_close", "calls", make_file, run_open_read_close, drop_file, 10, 0},
    {"pread_1", "calls", make_file, run_pread_1, drop_file, 10, 0},
    {"pread_64k", "calls", make_file, run_pread_64k, drop_file, 10, 0},
    {"disk_64k", "disk", open_unread, run_read_disk, close_unread, 20, 128},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};
