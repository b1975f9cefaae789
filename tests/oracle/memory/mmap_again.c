// The same memory mapped and unmapped again and again: zero each time, gone in between, a fork's copy its
// own, and nothing of it in what is mapped at the place by force.
#include "oracle.h"

#include <setjmp.h>

static sigjmp_buf after_fault;

static void on_fault(int signal) {
    (void)signal;
    siglongjmp(after_fault, 1);
}

static int readable(const char* address) {
    if (sigsetjmp(after_fault, 1)) return 0;
    (void)*(volatile const char*)address;
    return 1;
}

static int count_other(const char* bytes, size_t length, char value) {
    int other = 0;
    for (size_t i = 0; i < length; i++) other += bytes[i] != value;
    return other;
}

static int child_sees(const char* bytes, size_t length, char value) {
    pid_t child = fork();
    if (child == 0) _exit(count_other(bytes, length, value) != 0);
    int status;
    waitpid(child, &status, 0);
    return status == 0;
}

int main(void) {
    signal(SIGSEGV, on_fault);
    int not_zero = 0, still_there = 0, lost_in_child = 0, kept_at_fixed = 0;
    for (int i = 0; i < 60; i++) {
        size_t length = (1 + (size_t)(i % 3) * 7) * 4096;
        char* memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        not_zero += count_other(memory, length, 0) != 0;
        memset(memory, 0x5a, length);
        if (i % 7 == 3) lost_in_child += !child_sees(memory, length, 0x5a);
        munmap(memory, length);
        still_there += readable(memory);
        if (i % 11 != 5) continue;
        char* again =
            mmap(memory, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        kept_at_fixed += count_other(again, 4096, 0) != 0;
        again[0] = 1;
        munmap(again, 4096);
    }
    say("not zero: %d, still there: %d, lost in the child: %d, kept at a fixed address: %d\n", not_zero,
        still_there, lost_in_child, kept_at_fixed);
    return 0;
}
