// Says at how many kilohertz the time stamp counter runs. An emulated machine shows the host's, and Linux has
// nothing there to measure it against when others use the host too.
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(unsigned long long* counter) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    *counter = __rdtsc();
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(void) {
    unsigned long long first, last;
    double start = now(&first), end;
    do end = now(&last);
    while (end - start < 200);
    printf("%.0f\n", (double)(last - first) / (end - start));
    return 0;
}
