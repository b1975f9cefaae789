// ETXTBSY: a program that is open for writing does not run, one that runs is not opened for writing or
// truncated; it may be read, renamed and removed. The same for the interpreter of a script, and the script.
#include "oracle.h"

static void copy(const char* from, const char* to) {
    static char buffer[1 << 16];
    int in = MUST(open(from, O_RDONLY)), out = MUST(open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    ssize_t n;
    while ((n = read(in, buffer, sizeof buffer)) > 0) MUST(write(out, buffer, n));
    close(in);
    close(out);
}

static void run(const char* path) {
    RUNS("run", execl(path, path, "say", NULL); say("exec: %s\n", errno_name(errno)));
}

int main(int count, char** words) {
    if (count == 2 && strcmp(words[1], "say") == 0) return say("it runs\n"), 7;
    if (count == 2) {
        char c;
        return (int)read(0, &c, 1);
    }
    scratch();
    copy("/proc/self/exe", "program");
    int writer = OK(open("program", O_WRONLY));
    run("./program");
    close(writer);
    run("./program");
    int reader = OK(open("program", O_RDONLY));
    run("./program");
    close(reader);

    int hold[2];
    MUST(pipe(hold));
    pid_t child = fork();
    if (child == 0) {
        dup2(hold[0], 0);
        close(hold[1]);
        execl("./program", "program", "wait", NULL);
        _exit(1);
    }
    char text[64], where[PATH_MAX];
    snprintf(text, sizeof text, "/proc/%d/exe", child);
    do {
        sleep_ms(2);
        ssize_t n = readlink(text, where, sizeof where - 1);
        where[n < 0 ? 0 : n] = 0;
    } while (!strstr(where, "program"));
    OK(open("program", O_WRONLY));
    OK(open("program", O_RDWR));
    OK(open("program", O_RDONLY | O_TRUNC));
    OK(truncate("program", 0));
    OK(open("program", O_RDONLY));
    OK(rename("program", "renamed"));
    OK(open("renamed", O_WRONLY));
    OK(chmod("renamed", 0700));
    kill(child, SIGKILL);
    reap("child", child);
    OK(open("renamed", O_WRONLY));

    put_file("script", "#!/bin/sh\nexit 3\n");
    chmod("script", 0755);
    writer = OK(open("script", O_WRONLY));
    run("./script");
    close(writer);
    run("./script");
    return 0;
}
