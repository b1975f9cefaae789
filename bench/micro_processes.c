// Making processes: from a small parent, and from parents that hold much memory.
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/micro.h"

extern char** environ;
static char* held;
static size_t held_size;

static void hold(size_t size) {
    // Aligned by hand, so that every sandbox has the same chance of huge pages.
    const size_t huge = 2u << 20;
    held_size = size + huge;
    held = mmap(NULL, held_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (held == MAP_FAILED) die("mmap");
    char* start = (char*)(((uintptr_t)held + huge - 1) & ~(uintptr_t)(huge - 1));
    if (madvise(start, size, MADV_HUGEPAGE)) die("madvise");
    for (size_t i = 0; i < size; i += 4096) start[i] = 1;
}

static void hold_256m(void) {
    hold(256u << 20);
}
static void hold_1g(void) {
    hold(1u << 30);
}
static void drop(void) {
    munmap(held, held_size);
}

static void reap(pid_t child) {
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) die("child");
}

static void run_fork(long n) {
    while (n--) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) _exit(0);
        reap(child);
    }
}

static char* program_arguments[2];

static void need_program(void) {
    if (!static_program) static_program = "/bin/true";
    program_arguments[0] = (char*)static_program;
}

static void run_fork_exec(long n) {
    while (n--) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            execve(static_program, program_arguments, environ);
            _exit(127);
        }
        reap(child);
    }
}

static void run_spawn(long n) {
    while (n--) {
        pid_t child;
        if (posix_spawn(&child, static_program, NULL, NULL, program_arguments, environ)) die("posix_spawn");
        reap(child);
    }
}

static void hold_1g_for_program(void) {
    need_program();
    hold_1g();
}

static void run_python(long n) {
    char* arguments[] = {"/usr/bin/python3", "-c", "pass", NULL};
    while (n--) {
        pid_t child;
        if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ)) die("posix_spawn python3");
        reap(child);
    }
}

const struct bench process_rows[] = {
    {"fork_wait", "processes", NULL, run_fork, NULL, 30, 0},
    {"fork_wait_256m", "processes", hold_256m, run_fork, drop, 30, 0},
    {"fork_exec_static", "processes", need_program, run_fork_exec, NULL, 30, 0},
    {"posix_spawn_1g", "processes", hold_1g_for_program, run_spawn, drop, 30, 0},
    {"python_pass_inside", "python", NULL, run_python, NULL, 60, 20},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};
