// getdents64: every entry once, with its type; small buffers; seeking back; errors.
#include "oracle.h"

static int compare(const void* a, const void* b) {
    return strcmp(*(char**)a, *(char**)b);
}
static char type_letter(int type) {
    return type == DT_DIR ? 'd' : type == DT_LNK ? 'l' : type == DT_FIFO ? 'p' : type == DT_REG ? 'r' : '?';
}
int main(void) {
    scratch();
    mkdir("d", 0700);
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "d/file-%03d", i);
        put_file(name, "");
    }
    mkdir("d/dir", 0700);
    symlink("x", "d/link");
    mkfifo("d/fifo", 0600);
    int fd = MUST(open("d", O_RDONLY | O_DIRECTORY));
    static char buffer[512];
    static char* names[400];  // the type in front
    int count = 0, calls = 0;
    ssize_t n;
    while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
        calls++;
        for (ssize_t at = 0; at < n;) {
            struct dirent64* e = (void*)(buffer + at);
            if (asprintf(&names[count++], "%c%s", type_letter(e->d_type), e->d_name) < 0) return 1;
            at += e->d_reclen;
        }
    }
    NUM(n);
    NUM(count);
    YES(calls > 5);
    qsort(names, count, sizeof names[0], compare);
    int twice = 0;
    for (int i = 1; i < count; i++) twice += strcmp(names[i], names[i - 1]) == 0;
    NUM(twice);
    // In whatever order the file system has them.
    for (int i = 0; i < count; i++)
        if (names[i][0] != 'r') STR(names[i]);
    STR(names[count - 1]);
    NUM(lseek(fd, 0, SEEK_SET));
    int again = 0;
    while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n; at += ((struct dirent64*)(buffer + at))->d_reclen) again++;
    NUM(again);
    lseek(fd, 0, SEEK_SET);
    OK(syscall(SYS_getdents64, fd, buffer, 10));
    OK(syscall(SYS_getdents64, fd, BAD, 1000));
    OK(syscall(SYS_getdents64, MUST(open("d/file-000", O_RDONLY)), buffer, 512));
    OK(syscall(SYS_getdents64, -1, buffer, 512));
    OK(read(fd, buffer, 10));
    mkdir("gone", 0700);
    int gone = MUST(open("gone", O_RDONLY));
    rmdir("gone");
    OK(syscall(SYS_getdents64, gone, buffer, 512));
    return 0;
}
