// execve: every error that can be provoked.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    char* args[] = {"x", NULL};
    char* env[] = {NULL};
    char name[300];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    RUNS("as an ordinary user", {
        become_ordinary();
        put_file("plain", "text without a magic number\n");
        OK(execve("plain", args, env));
        chmod("plain", 0755);
        OK(execve("plain", args, env));
        put_file("empty", "");
        chmod("empty", 0755);
        OK(execve("empty", args, env));
        put_file("elf", "\177ELF");
        chmod("elf", 0755);
        OK(execve("elf", args, env));
        OK(execve("nothing", args, env));
        OK(execve("", args, env));
        OK(execve(".", args, env));
        OK(execve("plain/below", args, env));
        OK(execve(name, args, env));
        symlink("loop", "loop");
        OK(execve("loop", args, env));
        OK(execve(BAD, args, env));
        OK(execve("plain", BAD, env));
        mkdir("closed", 0700);
        put_file("closed/p", "");
        chmod("closed/p", 0755);
        chmod("closed", 0600);
        OK(execve("closed/p", args, env));
        chmod("closed", 0700);
    });
    return 0;
}
