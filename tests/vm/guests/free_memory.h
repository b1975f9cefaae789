// How much memory of the machine is free, in KiB, as its /proc/meminfo says.
#pragma once

#include <stdio.h>
#include <time.h>

/// MemFree.
static long free_kib(void) {
    FILE* file = fopen("/proc/meminfo", "r");
    char line[128];
    long kib = -1;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "MemFree: %ld kB", &kib) == 1) break;
    if (file != NULL) fclose(file);
    return kib;
}

/// What is free once it grows no more: who waits for a process is told of its end before all its memory is
/// back.
static long settled_free_kib(void) {
    const struct timespec pause = {.tv_nsec = 50000000};
    long last = 0;
    for (long now; (now = free_kib()) > last; last = now) nanosleep(&pause, NULL);
    return last;
}
