// The micro benchmarks: one program that runs natively, in LiteBox and in other sandboxes, and prints one
// JSON line per row.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bench {
    const char* name;
    const char* group;       // rows of a group share one run of the program
    void (*setup)(void);     // may be null
    void (*run)(long n);     // n operations
    void (*teardown)(void);  // may be null
    double batch_ms;         // length of a batch
    long most;               // at most so many operations in a batch, 0 = no bound
};

extern const struct bench call_rows[], memory_rows[], channel_rows[], process_rows[];

extern const char* scratch_directory;  // on tmpfs
extern const char* static_program;     // a static program that ends at once
extern const char* unread_file;        // a large one on a disk, which nobody has read yet

/// Prints what failed with errno's words and ends the row's process.
void die(const char* what) __attribute__((noreturn));

/// A system call the way libc's wrappers do it: `mov $nr,%eax; syscall` in this very text.
#define BARE_CALL0(nr)                                                                                   \
    ({                                                                                                   \
        long result_;                                                                                    \
        __asm__ volatile("mov %1, %%eax\n\tsyscall" : "=a"(result_) : "i"(nr) : "rcx", "r11", "memory"); \
        result_;                                                                                         \
    })
