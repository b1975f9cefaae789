// execve: E2BIG for one string of more than 128 KiB, and for too much in all.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc == 2 && strlen(argv[1]) > 1000) {
        say("arrived: %zu\n", strlen(argv[1]));
        return 0;
    }
    static char text[131073];
    memset(text, 'a', sizeof text - 1);
    char* args[] = {"x", text, NULL};
    OK(execv(argv[0], args));
    text[131071] = 0;
    RUNS("largest", {
        execv(argv[0], args);
        _exit(1);
    });
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 8 << 20;
    if (setrlimit(RLIMIT_STACK, &limit) < 0) say("setrlimit failed\n");
    static char* many[64];
    many[0] = "x";
    for (int i = 1; i < 40; i++) many[i] = text;
    OK(execv(argv[0], many));
    return 0;
}
