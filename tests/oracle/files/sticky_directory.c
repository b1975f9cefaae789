// A sticky directory: others may create in it, but not remove or rename what is not theirs.
#include "oracle.h"

int main(void) {
    scratch();
    if (geteuid() != 0) {
        say("OK as root only\n");
        return 0;
    }
    say("OK as root only\n");
    mkdir("t", 0777);
    chmod(".", 0755);
    chmod("t", 01777);
    put_file("t/roots", "x");
    pid_t p = CHILD({
        MUST(setresuid(1001, 1001, 1001));
        put_file("t/theirs", "x");
    });
    waitpid(p, NULL, 0);
    int failed = 0;
    p = CHILD({
        MUST(setresuid(1002, 1002, 1002));
        put_file("t/mine", "x");
        failed += !(unlink("t/theirs") == -1 && errno == EPERM);
        failed += !(unlink("t/roots") == -1 && errno == EPERM);
        failed += !(rename("t/theirs", "t/new") == -1 && errno == EPERM);
        failed += !(rename("t/mine", "t/theirs") == -1 && errno == EPERM);
        failed += rename("t/mine", "t/new") != 0;
        failed += unlink("t/new") != 0;
        _exit(failed);
    });
    int status;
    waitpid(p, &status, 0);
    if (status) {
        say("other user: %s\n", status_text(status));
        return 1;
    }
    return 0;
}
