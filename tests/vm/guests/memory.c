// memory forks N: N times fork and exec of itself. memory ends N: N times a child that takes memory until it
// is ended. Prints MemFree in KiB before and after, with some rounds before that fill caches.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "free_memory.h"

static void fork_and_exec(const char* program) {
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, "nothing", "0", (char*)NULL);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) printf("a child ended with %x\n", status);
}

static void take_all(const char* program) {
    (void)program;
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            char* piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (piece == MAP_FAILED) continue;
            memset(piece, 1, 1 << 20);
        }
    }
    int status;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) printf("a child ended with %x\n", status);
}

int main(int count, char** words) {
    if (count < 3) return 2;
    void (*action)(const char*) = strcmp(words[1], "forks") == 0 ? fork_and_exec : take_all;
    int rounds = atoi(words[2]);
    if (strcmp(words[1], "nothing") == 0) return 0;
    for (int i = 0; i < 20; i++) action(words[0]);
    long before = settled_free_kib();
    for (int i = 0; i < rounds; i++) action(words[0]);
    printf("%ld %ld\n", before, settled_free_kib());
    return 0;
}
