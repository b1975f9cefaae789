// memfd_create: a file without a name; shared by fork and mapping; flags and errors.
#include "oracle.h"

int main(void) {
    char name[260];
    memset(name, 'n', sizeof name);
    name[250] = 0;
    int fd = OK(memfd_create("test", MFD_CLOEXEC));
    NUM(fcntl(fd, F_GETFD));
    OCT(fcntl(fd, F_GETFL) & O_ACCMODE);
    OK(memfd_create("", 0));
    OK(memfd_create(name, 0));
    name[249] = 0;
    OK(memfd_create(name, 0));
    OK(memfd_create("x", 0x1000));
    OK(memfd_create(BAD, 0));
    struct stat st;
    OK(fstat(fd, &st));
    say("size %ld links %ld regular %d\n", (long)st.st_size, (long)st.st_nlink, S_ISREG(st.st_mode));
    NUM(write(fd, "hello", 5));
    OK(ftruncate(fd, 10000));
    char* p = OK(mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    STR(p);
    RUNS("child", strcpy(p + 6000, "from the child"); write(fd, "!", 1));
    STR(p + 6000);
    STR(p);
    char path[64], link[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    readlink(path, link, sizeof link - 1);
    STR(link);
    int again = OK(open(path, O_RDONLY));
    char text[7] = "";
    NUM(read(again, text, 6));
    STR(text);
    OK(ftruncate(again, 0));
    return 0;
}
