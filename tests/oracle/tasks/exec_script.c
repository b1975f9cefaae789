// Scripts: the interpreter gets its one argument, the script's path and the rest.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "-i and more") == 0) {
        for (int i = 1; i < argc; i++) STR(argv[i]);
        return 3;
    }
    if (argc > 1 && strstr(argv[1], "bare")) {
        NUM(argc);
        STR(argv[1]);
        return 4;
    }
    char self[PATH_MAX];
    char text[PATH_MAX + 100];
    if (!realpath(argv[0], self)) return 1;
    scratch();
    snprintf(text, sizeof text, "#!  %s   -i and more  \nrest is not read\n", self);
    put_file("script", text);
    chmod("script", 0755);
    RUNS("script", {
        execl("./script", "replaced", "one", "two", (char*)NULL);
        _exit(99);
    });
    snprintf(text, sizeof text, "#!%s", self);
    put_file("bare", text);
    chmod("bare", 0755);
    RUNS("no newline", {
        execl("./bare", "x", (char*)NULL);
        _exit(99);
    });
    put_file("nested", "#!./script\n");
    chmod("nested", 0755);
    RUNS("nested", {
        execl("nested", "x", "last", (char*)NULL);
        _exit(99);
    });
    put_file("missing", "#!/nonexistent/interpreter\n");
    chmod("missing", 0755);
    OK(execl("./missing", "x", (char*)NULL));
    put_file("hollow", "#!   \n");
    chmod("hollow", 0755);
    OK(execl("./hollow", "x", (char*)NULL));
    put_file("self", "#!./self\n");
    chmod("self", 0755);
    OK(execl("./self", "x", (char*)NULL));
    put_file("target", "");
    put_file("refused", "#!./target\n");
    chmod("refused", 0755);
    OK(execl("./refused", "x", (char*)NULL));
    return 0;
}
