// Programs that want more of the machine than there is. Each says how it ended; what a process that was ended
// says, its parent says.
//
//   stress tables STRIDE   one page in every STRIDE bytes of address space, until memory ends
//   stress threads COUNT   so many threads at once; all run, all are joined
//   stress realtime        a thread that never sleeps, first in, first out, and one that wants its share
//   stress copy            system calls that write into memory which is not there yet, until memory ends
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "free_memory.h"

static unsigned long number;

static int take_tables(void) {
    const unsigned long length = (unsigned long)64 << 40;
    char* range =
        mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return errno == ENOMEM ? 3 : 4;
    for (unsigned long at = 0; at < length; at += number) range[at] = 1;
    return 0;
}

static int copy_into_nothing(void) {
    int zeros = open("/dev/zero", O_RDONLY);
    for (;;) {
        const size_t length = 16 << 20;
        char* piece =
            mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (piece == MAP_FAILED) return 3;
        for (size_t done = 0; done < length;) {
            ssize_t part = read(zeros, piece + done, length - done);
            if (part <= 0) return 4;
            done += (size_t)part;
        }
    }
}

/// Twice, so that what caches keep from the first time does not count.
static int in_a_child(int (*action)(void)) {
    long before = 0;
    for (int round = 0; round < 2; round++) {
        before = settled_free_kib();
        pid_t child = fork();
        if (child == 0) _exit(action());
        int status = 0;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status))
            printf("ended by signal %d\n", WTERMSIG(status));
        else
            printf("ended with %d\n", WEXITSTATUS(status));
    }
    printf("%ld %ld\n", before, settled_free_kib());
    return 0;
}

static atomic_ulong arrived;
static pthread_barrier_t barrier;

static void* arrive(void* unused) {
    (void)unused;
    atomic_fetch_add(&arrived, 1);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static int start_threads(void) {
    pthread_t* threads = calloc(number, sizeof(*threads));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    pthread_barrier_init(&barrier, NULL, (unsigned)number + 1);
    for (unsigned long i = 0; i < number; i++) {
        int error = pthread_create(&threads[i], &attributes, arrive, NULL);
        if (error != 0) {
            printf("thread %lu: %s\n", i, strerror(error));
            return 0;
        }
    }
    pthread_barrier_wait(&barrier);
    for (unsigned long i = 0; i < number; i++) pthread_join(threads[i], NULL);
    printf("%lu threads\n", atomic_load(&arrived));
    return 0;
}

static atomic_int stop;

static void* never_sleep(void* unused) {
    (void)unused;
    while (!atomic_load(&stop)) continue;
    return NULL;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/// With one processor: without a limit this would never end.
static int share_with_realtime(void) {
    struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &highest);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, never_sleep, NULL);
    if (error != 0) {
        printf("SCHED_FIFO: %s\n", strerror(error));
        return 1;
    }
    double begin = seconds(CLOCK_MONOTONIC), had = seconds(CLOCK_THREAD_CPUTIME_ID);
    while (seconds(CLOCK_THREAD_CPUTIME_ID) < had + 0.1) continue;
    double lasted = seconds(CLOCK_MONOTONIC) - begin;
    atomic_store(&stop, 1);
    pthread_join(thread, NULL);
    printf("%s\n", lasted > 0.5 ? "the other came first" : "the other did not come first");
    return 0;
}

int main(int count, char** words) {
    if (count < 2) return 2;
    number = count > 2 ? strtoul(words[2], NULL, 0) : 0;
    if (strcmp(words[1], "tables") == 0) return in_a_child(take_tables);
    if (strcmp(words[1], "copy") == 0) return in_a_child(copy_into_nothing);
    if (strcmp(words[1], "threads") == 0) return start_threads();
    if (strcmp(words[1], "realtime") == 0) return share_with_realtime();
    return 2;
}
