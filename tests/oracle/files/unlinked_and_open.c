// Files and directories that are removed while they are open, mapped or somebody's current directory.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "0123456789");
    int fd = MUST(open("f", O_RDWR));
    char* p = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    unlink("f");
    put_file("f", "another");
    p[0] = 'X';
    char text[16] = "";
    NUM(pread(fd, text, 4, 0));
    STR(text);
    STR(get_file("f"));
    close(fd);
    STR(p);
    char path[64];
    int again = MUST(memfd_create("m", 0));
    snprintf(path, sizeof path, "/proc/self/fd/%d", again);
    mkdir("d", 0700);
    put_file("d/x", "x");
    int dir = MUST(open("d", O_RDONLY | O_DIRECTORY));
    RUNS("in a removed directory", {
        if (chdir("d") < 0) _exit(1);
        unlink("x");
        rmdir("../d");
        OK(open("y", O_RDWR | O_CREAT, 0600));
        OK(symlink("a", "b"));
        OK(access(".", F_OK));
        OK(access("..", F_OK));
        char cwd[PATH_MAX];
        OK(getcwd(cwd, sizeof cwd) ? 0 : -1);
        readlink("/proc/self/cwd", cwd, sizeof cwd);
    });
    struct stat st;
    fstat(dir, &st);
    NUM(st.st_nlink);
    OK(openat(dir, "x", O_RDONLY));
    OK(mkdirat(dir, "z", 0700));
    mkdir("d", 0700);
    OK(openat(dir, "x", O_RDWR | O_CREAT, 0600));
    OK(access("d/x", F_OK));
    char link[128] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    readlink(path, link, sizeof link - 1);
    STR(strrchr(link, '/'));
    return 0;
}
