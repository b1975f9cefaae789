// What guests of the platform's tests share: calls by trap and by patched entry, and words.
#pragma once

typedef unsigned long u64;
typedef unsigned int u32;

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#define call(number, ...) call_(number, ##__VA_ARGS__, 0, 0, 0, 0)
#define call_(number, a, b, c, ...) call6(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static inline void say(const char* text) {
    u64 length = 0;
    while (text[length] != 0) length++;
    call(1, 1, text, length);
}
static void fail(const char* text) {
    say("FAILED: ");
    say(text);
    say("\n");
    call(231, 1, 0, 0);
}
#define check(condition, text)        \
    do {                              \
        if (!(condition)) fail(text); \
    } while (0)

/// The address that patched sites jump to: the test core tells it.
static u64 patched_entry;
static inline long patched(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("lea 1f(%%rip), %%rcx\n jmp *%5\n1:\n"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(patched_entry)
                     : "rcx", "r11", "memory");
    return result;
}
static inline u64 counter(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}
