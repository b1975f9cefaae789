// Runs the rows named by --group or --only; each prints {"row": ..., "ns": ...} with the least time per
// operation over the batches.
#include "bench/micro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char* scratch_directory = "/dev/shm";
const char* static_program = NULL;
const char* unread_file = NULL;

void die(const char* what) {
    fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
    exit(3);
}

static double now(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t)) die("clock_gettime");
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static double timed(const struct bench* b, long n) {
    double start = now();
    b->run(n);
    return now() - start;
}

/// Grows a batch until it takes long enough to be timed well.
static long calibrate(const struct bench* b) {
    double want = b->batch_ms * 1e6;
    long n = 1;
    for (;;) {
        double took = timed(b, n);
        if (took >= want || (b->most && n >= b->most)) return n;
        double factor = took > 0 ? want / took : 1000;
        if (factor > 10) factor = 10;
        long next = (long)(n * factor * 1.1) + 1;
        n = b->most && next > b->most ? b->most : next;
    }
}

static void measure(const struct bench* b, int batches) {
    if (b->setup) b->setup();
    long n = calibrate(b);
    double best = 0;
    for (int i = 0; i < batches; i++) {
        double per = timed(b, n) / n;
        if (i == 0 || per < best) best = per;
    }
    if (b->teardown) b->teardown();
    printf("{\"row\": \"%s\", \"ns\": %.2f, \"operations\": %ld}\n", b->name, best, n);
    fflush(stdout);
}

static const struct bench* const tables[] = {call_rows, memory_rows, channel_rows, process_rows};

static int usage(void) {
    fprintf(stderr,
            "usage: micro [--group NAME | --only ROW | --list] [--batches N] [--scratch DIR] [--static "
            "PROGRAM] [--unread FILE]\n");
    return 2;
}

int main(int argc, char** argv) {
    const char *group = NULL, *only = NULL;
    int batches = 5, list = 0, ran = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--list")) {
            list = 1;
            continue;
        }
        if (i + 1 >= argc) return usage();
        const char* value = argv[i + 1];
        if (!strcmp(argv[i], "--group"))
            group = value;
        else if (!strcmp(argv[i], "--only"))
            only = value;
        else if (!strcmp(argv[i], "--batches"))
            batches = atoi(value);
        else if (!strcmp(argv[i], "--scratch"))
            scratch_directory = value;
        else if (!strcmp(argv[i], "--static"))
            static_program = value;
        else if (!strcmp(argv[i], "--unread"))
            unread_file = value;
        else
            return usage();
        i++;
    }
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const struct bench* b = tables[t]; b->name; b++) {
            if ((group && strcmp(group, b->group)) || (only && strcmp(only, b->name))) continue;
            ran = 1;
            if (list)
                printf("%s %s\n", b->name, b->group);
            else
                measure(b, batches < 1 ? 1 : batches);
        }
    }
    if (!ran) fprintf(stderr, "micro: there is no such row; --list names them\n");
    return ran ? 0 : 2;
}
