// Path walk: dots, repeated slashes, dot-dot at the root, search permission at every step.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    mkdir("a", 0755);
    mkdir("a/b", 0755);
    mkdir("a/b/c", 0755);
    put_file("a/b/c/f", "deep");
    STR(get_file("a/./b//c/../c/f"));
    STR(get_file("./a/b/c/../../b/c/./f"));
    OK(access("a/b/c/f/", F_OK));
    OK(access("a/b/c/f/.", F_OK));
    OK(access("a/b/c/f/..", F_OK));
    OK(access("a/b/c/", F_OK));
    OK(access("/../../tmp", F_OK));
    OK(access("//tmp//", F_OK));
    symlink("a/b", "s");
    STR(get_file("s/c/f"));
    STR(get_file("s/../b/c/f"));
    OK(access("s/../a", F_OK));
    symlink("../../../s/c/f", "a/b/c/up");
    STR(get_file("a/b/c/up"));
    static char path[5000];
    size_t used = 0;
    for (int i = 0; i < 2040; i++) used += snprintf(path + used, sizeof path - used, "./");
    snprintf(path + used, sizeof path - used, "s");
    OK(access(path, F_OK));
    used = 0;
    for (int i = 0; i < 2048; i++) used += snprintf(path + used, sizeof path - used, "./");
    OK(access(path, F_OK));
    int deep = 0;
    while (deep < 300 && mkdir("n", 0700) == 0 && chdir("n") == 0) deep++;
    NUM(deep);
    char cwd[PATH_MAX];
    YES(getcwd(cwd, sizeof cwd) != NULL && strlen(cwd) == strlen(oracle_scratch) + 600);
    for (int i = 0; i < 300; i++)
        if (chdir("..") < 0 || rmdir("n") < 0) say("on the way back: %s\n", errno_name(errno));
    YES(strcmp(getcwd(cwd, sizeof cwd), oracle_scratch) == 0);
    RUNS("ordinary", {
        become_ordinary();
        mkdir("x", 0700);
        mkdir("x/y", 0700);
        put_file("x/y/f", "");
        chmod("x", 0600);
        OK(access("x/y/f", F_OK));
        OK(access("x", F_OK));
        OK(access("x/../a", F_OK));
        OK(chdir("x"));
        chmod("x", 0100);
        OK(access("x/y/f", F_OK));
        OK(open("x", O_RDONLY));
        chmod("x", 0700);
    });
    return 0;
}
