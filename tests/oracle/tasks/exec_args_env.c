// execve: arguments and environment arrive exactly, empty strings and long ones too.
#include "oracle.h"

extern char** environ;
int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "show") == 0) {
        NUM(argc);
        for (int i = 0; i < argc; i++)
            say("argv[%d] length %zu %.40s\n", i, strlen(argv[i]), i ? argv[i] : "name");
        for (char** e = environ; *e; e++) say("env length %zu %.40s\n", strlen(*e), *e);
        YES(argv[argc] == NULL);
        return 0;
    }
    static char longest[100001];
    memset(longest, 'x', 100000);
    char* args[] = {"name", "show", "", "two words", longest, "ümlaut", NULL};
    char* env[] = {"A=1", "", "NOEQUALS", "A=2", longest, NULL};
    RUNS("exec", {
        execve(argv[0], args, env);
        _exit(1);
    });
    char* none[] = {NULL};
    char* few[] = {"name", "show", NULL};
    RUNS("empty environment", {
        execve(argv[0], few, none);
        _exit(1);
    });
    RUNS("no environment", {
        execve(argv[0], few, NULL);
        _exit(1);
    });
    return 0;
}
