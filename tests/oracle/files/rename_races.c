// Renames in one process while another looks: the name is always one of the two files, never missing.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("target", "old");
    struct gate ready = gate_new();
    pid_t p = CHILD({
        gate_pass(&ready);
        for (int i = 0; i < 1000; i++) {
            put_file("new", i % 2 ? "old" : "new");
            rename("new", "target");
        }
    });
    gate_wait(&ready);
    int missing = 0, strange = 0, status;
    while (waitpid(p, &status, WNOHANG) == 0) {
        int fd = open("target", O_RDONLY);
        char text[8] = "";
        if (fd < 0)
            missing++;
        else if (read(fd, text, 7) != 3 || (strcmp(text, "old") && strcmp(text, "new")))
            strange++;
        close(fd);
    }
    NUM(missing);
    NUM(strange);
    STR(status_text(status));
    return 0;
}
