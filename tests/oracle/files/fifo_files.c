// Named pipes: opening waits for the other end, O_NONBLOCK does not, O_RDWR never.
#include "oracle.h"

int main(void) {
    scratch();
    OK(mkfifo("p", 0600));
    OK(mkfifo("p", 0600));
    OK(mknod("q", S_IFIFO | 0600, 0));
    OK(mknod("q", S_IFREG | 0600, 0));
    OK(mknod("x", 0170000 | 0600, 0));
    OK(mknod("dir", S_IFDIR | 0600, 0));
    OK(open("p", O_WRONLY | O_NONBLOCK));
    int r = OK(open("p", O_RDONLY | O_NONBLOCK));
    char text[16] = "";
    NUM(read(r, text, 5));
    int w = OK(open("p", O_WRONLY | O_NONBLOCK));
    OK(read(r, text, 5));
    NUM(write(w, "hello", 5));
    NUM(read(r, text, 5));
    STR(text);
    struct stat st;
    fstat(w, &st);
    YES(S_ISFIFO(st.st_mode));
    NUM(st.st_size);
    close(w);
    NUM(read(r, text, 5));
    close(r);
    pid_t p = CHILD({
        int fd = open("p", O_WRONLY);
        write(fd, "from the child", 14);
    });
    r = OK(open("p", O_RDONLY));
    memset(text, 0, sizeof text);
    NUM(read(r, text, 14));
    STR(text);
    NUM(read(r, text, 14));
    reap("writer", p);
    int both = OK(open("q", O_RDWR));
    NUM(write(both, "abc", 3));
    NUM(read(both, text, 3));
    OK(lseek(both, 0, SEEK_SET));
    unlink("q");
    NUM(write(both, "abc", 3));
    signal(SIGPIPE, SIG_IGN);
    int reader = MUST(open("p", O_RDONLY | O_NONBLOCK));
    w = MUST(open("p", O_WRONLY));
    close(reader);
    close(r);
    OK(write(w, "x", 1));
    return 0;
}
