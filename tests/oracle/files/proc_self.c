// /proc/self: exe, cwd, root, fd, fdinfo, cmdline, comm, environ, status, limits as programs read them.
#include "oracle.h"

int main(int argc, char** argv) {
    (void)argc;
    scratch();
    char text[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", text, sizeof text - 1);
    text[n] = 0;
    char self[PATH_MAX];
    YES(realpath(argv[0], self) && strcmp(self, text) == 0);
    n = readlink("/proc/self/cwd", text, sizeof text - 1);
    text[n] = 0;
    YES(strcmp(text, oracle_scratch) == 0);
    n = readlink("/proc/self/root", text, sizeof text - 1);
    text[n] = 0;
    STR(text);
    n = readlink("/proc/self", text, sizeof text - 1);
    text[n] = 0;
    YES(atoi(text) == getpid());
    STR(get_file("/proc/self/comm"));
    int fd = MUST(open("/proc/self/cmdline", O_RDONLY));
    n = read(fd, text, sizeof text);
    YES(n == (ssize_t)strlen(argv[0]) + 1 && strcmp(text, argv[0]) == 0);
    int file = MUST(open("f", O_RDWR | O_CREAT | O_APPEND, 0600));
    write(file, "12345", 5);
    snprintf(text, sizeof text, "/proc/self/fd/%d", file);
    char target[PATH_MAX] = "";
    readlink(text, target, sizeof target - 1);
    STR(strrchr(target, '/'));
    snprintf(text, sizeof text, "/proc/self/fdinfo/%d", file);
    long pos = -1, flags = 0;
    sscanf(get_file(text), "pos: %ld flags: %lo", &pos, &flags);
    NUM(pos);
    YES((flags & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
    int ends[2];
    pipe(ends);
    snprintf(text, sizeof text, "/proc/self/fd/%d", ends[0]);
    memset(target, 0, sizeof target);
    readlink(text, target, sizeof target - 1);
    say("%.6s\n", target);
    const char* wanted[] = {"Name:", "State:",  "Tgid:",  "Pid:",     "PPid:",   "Uid:",
                            "Gid:",  "VmSize:", "VmRSS:", "Threads:", "SigBlk:", "SigCgt:"};
    FILE* status = fopen("/proc/self/status", "r");
    int found = 0;
    char line[512];
    while (status && fgets(line, sizeof line, status)) {
        for (size_t i = 0; i < COUNT(wanted); i++) found += strncmp(line, wanted[i], strlen(wanted[i])) == 0;
        int value;
        if (sscanf(line, "Pid: %d", &value) == 1) YES(value == getpid());
        if (sscanf(line, "PPid: %d", &value) == 1) YES(value == getppid());
        if (sscanf(line, "Threads: %d", &value) == 1) NUM(value);
    }
    NUM(found);
    FILE* stat = fopen("/proc/self/stat", "r");
    int pid, ppid;
    char name[64], state;
    NUM(fscanf(stat, "%d (%63[^)]) %c %d", &pid, name, &state, &ppid));
    YES(pid == getpid() && ppid == getppid());
    say("%s %c\n", name, state);
    OK(open("/proc/self/missing", O_RDONLY));
    OK(open("/proc/999999", O_RDONLY));
    OK(open("/proc/self/fd/99", O_RDONLY));
    OK(mkdir("/proc/x", 0700));
    OK(unlink("/proc/self/stat") == -1 ? -1 : 0);
    return 0;
}
