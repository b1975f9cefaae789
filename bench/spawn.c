// spawn N PROGRAM ARGUMENTS...: runs the command N times, one after the other, and prints each run's time in
// microseconds as JSON. Written in C so that the measuring program itself costs next to nothing.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: spawn N PROGRAM ARGUMENTS...\n");
        return 2;
    }
    long runs = atol(argv[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    printf("[");
    for (long i = 0; i < runs; i++) {
        pid_t child;
        int status;
        double start = now();
        if (posix_spawnp(&child, argv[2], &actions, NULL, argv + 2, environ)) {
            fprintf(stderr, "spawn: cannot run %s\n", argv[2]);
            return 3;
        }
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "spawn: %s failed in run %ld (status 0x%x)\n", argv[2], i, status);
            return 3;
        }
        printf("%s%.1f", i ? ", " : "", now() - start);
    }
    printf("]\n");
    return 0;
}
