// Mappings, first touches, and work that makes no calls at all.
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench/micro.h"

enum { page = 4096 };

static char* map(size_t size) {
    char* p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) die("mmap");
    return p;
}

static void run_mmap_munmap(long n) {
    while (n--) {
        char* p = map(page);
        if (munmap(p, page)) die("munmap");
    }
}

static void run_mmap_touch(long n) {
    while (n--) {
        volatile char* p = map(16 * page);
        for (int i = 0; i < 16; i++) p[i * page] = 1;
        if (munmap((char*)p, 16 * page)) die("munmap");
    }
}

// One operation is one page of 16 MiB of fresh small pages; mapping and unmapping are part of it.
static void run_page_fault(long n) {
    const size_t size = 16u << 20;
    while (n > 0) {
        char* p = map(size);
        if (madvise(p, size, MADV_NOHUGEPAGE)) die("madvise");
        for (size_t i = 0; i < size / page && n > 0; i++, n--) ((volatile char*)p)[i * page] = 1;
        if (munmap(p, size)) die("munmap");
    }
}

static volatile uint64_t sink;

static void run_cpu(long n) {
    uint64_t x = 88172645463325252ull;
    double f = 1.0;
    while (n--) {
        for (int i = 0; i < 1000; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            f = f * 1.0000001 + (double)(x & 0xff) * 1e-9;
        }
    }
    sink = x + (uint64_t)f;
}

// Walks 8 MiB that is already there: cache and TLB, no fault.
static char* walked;
static void setup_walk(void) {
    walked = map(8u << 20);
    for (size_t i = 0; i < 8u << 20; i += page) walked[i] = 1;
}
static void drop_walk(void) {
    munmap(walked, 8u << 20);
}
static void run_walk(long n) {
    uint64_t sum = 0;
    while (n--)
        for (size_t i = 0; i < 8u << 20; i += 64) sum += ((volatile char*)walked)[i];
    sink = sum;
}

const struct bench memory_rows[] = {
    {"mmap_munmap_4k", "memory", NULL, run_mmap_munmap, NULL, 10, 0},
    {"mmap_touch_16", "memory", NULL, run_mmap_touch, NULL, 10, 0},
    {"page_fault", "memory", NULL, run_page_fault, NULL, 20, 0},
    {"cpu", "cpu", NULL, run_cpu, NULL, 40, 0},
    {"touched_memory", "cpu", setup_walk, run_walk, drop_walk, 40, 0},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};
