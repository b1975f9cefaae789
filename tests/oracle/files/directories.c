// mkdir and rmdir: modes, what is refused, link counts, the current directory when it is removed.
#include "oracle.h"

int main(void) {
    scratch();
    struct stat st;
    char text[PATH_MAX];
    OK(mkdir("d", 0777));
    stat("d", &st);
    OCT(st.st_mode);
    OK(mkdir("d", 0777));
    OK(mkdir("d/", 0777));
    OK(mkdir("a/b", 0777));
    OK(mkdir("new/", 0700));
    OK(mkdir(".", 0700));
    OK(mkdir("..", 0700));
    OK(mkdir("/", 0700));
    OK(mkdir("", 0700));
    put_file("f", "");
    OK(mkdir("f", 0700));
    OK(mkdir("f/x", 0700));
    OK(rmdir("f"));
    OK(rmdir("."));
    OK(rmdir("d/."));
    OK(rmdir("d/.."));
    OK(rmdir("/"));
    OK(rmdir(""));
    mkdir("d/sub", 01755);
    stat("d/sub", &st);
    OCT(st.st_mode);
    OK(rmdir("d"));
    OK(rmdir("d/sub/"));
    OK(chdir("d"));
    OK(rmdir("../d"));
    OK(getcwd(text, sizeof text) ? 0 : -1);
    OK(open(".", O_RDONLY));
    OK(open("..", O_RDONLY));
    OK(open("x", O_RDWR | O_CREAT, 0600));
    OK(mkdir("x", 0700));
    OK(stat(".", &st));
    OK(chdir(".."));
    OK(chdir("f"));
    OK(chdir("missing"));
    OK(fchdir(-1));
    OK(fchdir(MUST(open("f", O_RDONLY))));
    OK(chdir(oracle_scratch));
    YES(strcmp(getcwd(text, sizeof text), oracle_scratch) == 0);
    OK(getcwd(text, 3) ? 0 : -1);
    NUM(syscall(SYS_getcwd, text, sizeof text) == (long)strlen(oracle_scratch) + 1);
    OK(syscall(SYS_getcwd, text, 0));
    mkdir("g", 02775);
    chmod("g", 02775);
    mkdir("g/h", 0755);
    stat("g/h", &st);
    OCT(st.st_mode);
    return 0;
}
