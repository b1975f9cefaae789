// A program in a memfd runs by fexecve, and knows nothing of where it came from.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc > 1) {
        say("running from memory: %s\n", argv[1]);
        return 9;
    }
    int source = MUST(open("/proc/self/exe", O_RDONLY));
    int fd = MUST(memfd_create("program", MFD_CLOEXEC));
    char buffer[65536];
    for (ssize_t n; (n = read(source, buffer, sizeof buffer)) > 0;) write(fd, buffer, n);
    char* args[] = {argv[0], "yes", NULL};
    char* env[] = {NULL};
    RUNS("still open for writing", fexecve(fd, args, env); say("%s\n", errno_name(errno)); _exit(1));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int ro = MUST(open(path, O_RDONLY | O_CLOEXEC));
    close(fd);
    RUNS("program", fexecve(ro, args, env); say("%s\n", errno_name(errno)); _exit(1));
    return 0;
}
