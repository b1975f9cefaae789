// forks N: makes N children that sleep, says "ready", and waits until its input ends. For measuring what a
// process costs in memory.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
    int count = argc > 1 ? atoi(argv[1]) : 0;
    pid_t children[256];
    if (count < 0 || count > 256) return 2;
    for (int i = 0; i < count; i++) {
        children[i] = fork();
        if (children[i] < 0) {
            perror("fork");
            return 3;
        }
        if (children[i] == 0)
            for (;;) pause();
    }
    if (write(1, "ready\n", 6) != 6) return 3;
    char c;
    while (read(0, &c, 1) == 1) {
    }
    for (int i = 0; i < count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    return 0;
}
