// open: creation, exclusion, truncation, append, directories, and the flags that fcntl shows.
#include "oracle.h"

int main(void) {
    scratch();
    OK(open("f", O_RDONLY));
    int fd = OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0666));
    OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0666));
    OK(open("f", O_RDWR | O_CREAT, 0));
    struct stat st;
    fstat(fd, &st);
    OCT(st.st_mode);
    NUM(write(fd, "0123456789", 10));
    int append = OK(open("f", O_WRONLY | O_APPEND));
    NUM(write(append, "ab", 2));
    NUM(lseek(append, 0, SEEK_CUR));
    NUM(lseek(append, 3, SEEK_SET));
    NUM(write(append, "cd", 2));
    NUM(pwrite(append, "ef", 2, 0));
    STR(get_file("f"));
    OK(read(append, &st, 1));
    int ro = OK(open("f", O_RDONLY));
    OK(write(ro, "x", 1));
    OK(open("f", O_RDWR | O_TRUNC));
    fstat(fd, &st);
    NUM(st.st_size);
    OK(open("f", O_RDONLY | O_DIRECTORY));
    OK(open(".", O_RDONLY | O_DIRECTORY));
    OK(open(".", O_RDWR));
    OK(open(".", O_WRONLY));
    OK(open(".", O_RDONLY | O_CREAT, 0600));
    OK(open("new/", O_RDWR | O_CREAT, 0600));
    OK(open("f/", O_RDONLY));
    OK(open("", O_RDONLY));
    NUM(fcntl(append, F_GETFL) & (O_ACCMODE | O_APPEND));
    int flags = fcntl(fd, F_GETFL);
    OK(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND | O_WRONLY | O_CREAT));
    YES(fcntl(fd, F_GETFL) == (flags | O_NONBLOCK | O_APPEND));
    OK(open("g", O_RDONLY | O_CREAT | O_TRUNC, 0400));
    OK(open("f", O_RDONLY | O_NOFOLLOW));
    OK(open("f", 3));
    mode_t old = umask(077);
    OCT(old);
    OK(open("h", O_RDWR | O_CREAT, 0777));
    stat("h", &st);
    OCT(st.st_mode);
    OK(creat("f", 0600));
    OK(open("i", O_RDWR | O_CREAT, 07777));
    stat("i", &st);
    OCT(st.st_mode);
    return 0;
}
