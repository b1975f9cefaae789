// execveat: relative to a directory, by descriptor, and its errors.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc > 1) {
        STR(argv[1]);
        return 6;
    }
    char self[PATH_MAX];
    char* env[] = {NULL};
    if (!realpath(argv[0], self)) return 1;
    char* slash = strrchr(self, '/');
    *slash = 0;
    int dir = MUST(open(self, O_RDONLY | O_DIRECTORY));
    *slash = '/';
    int file = MUST(open(self, O_PATH | O_CLOEXEC));
    char* args[] = {"x", "relative", NULL};
    RUNS("relative", {
        syscall(SYS_execveat, dir, slash + 1, args, env, 0);
        _exit(99);
    });
    args[1] = "by descriptor";
    RUNS("descriptor", {
        syscall(SYS_execveat, file, "", args, env, AT_EMPTY_PATH);
        _exit(99);
    });
    args[1] = "fexecve";
    RUNS("fexecve", {
        fexecve(file, args, env);
        _exit(99);
    });
    args[1] = "absolute";
    RUNS("absolute", {
        syscall(SYS_execveat, -1, self, args, env, 0);
        _exit(99);
    });
    scratch();
    if (symlink(self, "link") < 0) return 1;
    OK(syscall(SYS_execveat, AT_FDCWD, "link", args, env, AT_SYMLINK_NOFOLLOW));
    OK(syscall(SYS_execveat, AT_FDCWD, "", args, env, 0));
    OK(syscall(SYS_execveat, AT_FDCWD, "link", args, env, 0x10));
    OK(syscall(SYS_execveat, file, "below", args, env, 0));
    OK(syscall(SYS_execveat, -1, "below", args, env, 0));
    put_file("script", "#!/bin/sh\nexit 5\n");
    chmod("script", 0755);
    int kept = MUST(open("script", O_RDONLY));
    int cloexec = MUST(open("script", O_RDONLY | O_CLOEXEC));
    RUNS("script", {
        syscall(SYS_execveat, kept, "", args, env, AT_EMPTY_PATH);
        _exit(99);
    });
    OK(syscall(SYS_execveat, cloexec, "", args, env, AT_EMPTY_PATH));
    return 0;
}
