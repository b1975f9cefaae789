// Processes of many threads that fork, vfork, exec, truncate mapped files, stop, continue and kill each other
// at random. Afterwards memory must be as free as before, and a new process must start.
//   stress SECONDS [PROCESSES THREADS]       stress hold SECONDS: only the load, for who kills from outside
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_processes = 32, file_pages = 16, page = 4096 };

static struct Shared {
    atomic_int pids[most_processes];
    atomic_long forks, execs, truncations, stops, kills;
} * shared;
static int processes = 8, threads = 8;
static const char* own_path;
static __thread uint64_t chance_state;
static __thread sigjmp_buf past_the_end;

static uint64_t chance(void) {
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state;
}

static void on_bus_error(int signal) {
    siglongjmp(past_the_end, signal);
}

static void wait_for(pid_t child) {
    int status;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
}

static void do_fork(void) {
    char* memory = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    memset(memory, 1, 16 * page);
    pid_t child = fork();
    if (child == 0) {
        memory[5 * page] = 2;
        _exit(memory[6 * page]);
    }
    wait_for(child);
    munmap(memory, 16 * page);
    atomic_fetch_add(&shared->forks, 1);
}

static void do_exec(int by_vfork) {
    char* const words[] = {(char*)own_path, "leaf", NULL};
    pid_t child = by_vfork ? vfork() : fork();
    if (child == 0) {
        execv(own_path, words);
        _exit(1);
    }
    wait_for(child);
    atomic_fetch_add(&shared->execs, 1);
}

static void do_truncate(void) {
    char path[32];
    snprintf(path, sizeof path, "/tmp/stress-%d", (int)(chance() % 4));
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0) return;
    if (ftruncate(file, file_pages * page) == 0) {
        volatile char* map = mmap(NULL, file_pages * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) {
            if (sigsetjmp(past_the_end, 1) == 0)
                for (int i = 0; i < 64; i++) {
                    map[chance() % file_pages * page] = 3;
                    if (i % 8 == 0 && ftruncate(file, (off_t)(chance() % (file_pages + 1) * page)) != 0)
                        break;
                }
            munmap((void*)map, file_pages * page);
            atomic_fetch_add(&shared->truncations, 1);
        }
    }
    close(file);
}

static void* short_life(void* argument) {
    return argument;
}
static void do_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, short_life, NULL) == 0) pthread_join(thread, NULL);
}

static void signal_somebody(int signal, atomic_long* count) {
    pid_t pid = atomic_load(&shared->pids[chance() % (uint64_t)processes]);
    if (pid > 0 && kill(pid, signal) == 0) atomic_fetch_add(count, 1);
}

static void* work(void* seed) {
    chance_state = (uint64_t)seed * 0x9e3779b97f4a7c15 + (uint64_t)time(NULL) + 88172645463325252;
    for (;;) switch (chance() % 64) {
            case 0 ... 9:
                do_fork();
                break;
            case 10 ... 14:
                do_exec(1);
                break;
            case 15 ... 18:
                do_exec(0);
                break;
            case 19 ... 34:
                do_truncate();
                break;
            case 35 ... 49:
                do_thread();
                break;
            case 50 ... 53:
                signal_somebody(SIGSTOP, &shared->stops);
                break;
            case 54 ... 62:
                signal_somebody(SIGCONT, &shared->stops);
                break;
            default:
                signal_somebody(SIGKILL, &shared->kills);
        }
    return NULL;
}

static void start(int index) {
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = on_bus_error, .sa_flags = SA_NODEFER};
        sigaction(SIGBUS, &action, NULL);
        pthread_t thread;
        for (long i = 1; i < threads; i++) pthread_create(&thread, NULL, work, (void*)(getpid() * 64 + i));
        work((void*)(getpid() * 64L));
    }
    atomic_store(&shared->pids[index], child > 0 ? child : 0);
}

static int index_of(pid_t pid) {
    for (int i = 0; i < processes; i++)
        if (atomic_load(&shared->pids[i]) == pid) return i;
    return -1;
}

static void run(double seconds) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < processes; i++) start(i);
    do {
        int status, index;
        pid_t dead = waitpid(-1, &status, WNOHANG);
        if (dead > 0 && (index = index_of(dead)) >= 0) start(index);
        if (dead <= 0) {
            usleep(20000);
            for (int i = 0; i < processes; i++) kill(atomic_load(&shared->pids[i]), SIGCONT);
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec) < seconds);
    for (int i = 0; i < processes; i++) {
        kill(atomic_load(&shared->pids[i]), SIGKILL);
        atomic_store(&shared->pids[i], 0);
    }
    // Orphans come to us: until there is nobody.
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    for (int i = 0; i < 4; i++) {
        char path[32];
        snprintf(path, sizeof path, "/tmp/stress-%d", i);
        unlink(path);
    }
}

static long free_kib(void) {
    char line[128];
    long value = -1;
    FILE* file = fopen("/proc/meminfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemFree: %ld", &value) == 1) break;
    if (file != NULL) fclose(file);
    return value;
}

int main(int count, char** words) {
    if (count < 2) return 97;
    own_path = words[0];
    if (!strcmp(words[1], "leaf")) return 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!strcmp(words[1], "hold")) {
        processes = 3, threads = 3;
        run(count > 2 ? atof(words[2]) : 10);
        return 0;
    }
    if (count > 3) processes = atoi(words[2]), threads = atoi(words[3]);
    if (processes > most_processes) return 97;
    run(1.5);  // what is made once and kept: caches, patched text, the spare
    long before = free_kib();
    run(atof(words[1]));
    long after = free_kib();
    printf(
        "forks %ld, execs %ld, truncations %ld, stops and continues %ld, kills %ld; free before %ld KiB, "
        "after %ld KiB\n",
        shared->forks, shared->execs, shared->truncations, shared->stops, shared->kills, before, after);
    do_exec(0);
    do_exec(1);
    do_thread();
    const long kept_kib = 4096;
    return before - after <= kept_kib ? 0 : 1;
}
