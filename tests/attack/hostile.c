// A guest that is only hostile. It finds the library OS's gate by reading the core's memory, which lies in
// its own address space, and then does what its arguments say. Exit 0: the attack had no effect that it could
// see; 99: it got through.
#include <fcntl.h>
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef unsigned long word;

static long raw(long nr, word a, word b, word c, word d, word e, word f) {
    register word r10 asm("r10") = d;
    register word r8 asm("r8") = e;
    register word r9 asm("r9") = f;
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

static word block(void) {
    word base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}

// The core's stack of this thread lies below its block, in the same 64 KiB slot; return addresses on it point
// into the image, which has a 4 GiB piece of the address space for itself, two below the one where the slots
// begin. The gate is the first thing on a page.
static word find_gate(void) {
    word slot = block() & ~0xfffful;
    for (word at = slot + 0x1000; at < block(); at += 8) {
        word value = *(volatile word*)at;
        if (value >> 32 != (slot >> 32) - 2) continue;
        for (word page = value & ~0xffful, tried = 0; tried < 400; page -= 4096, tried++) {
            const unsigned char* code = (const unsigned char*)page;
            if (code[0] == 0x0f && code[1] == 0x05 && code[2] == 0xc3) return page;
        }
    }
    return 0;
}

static long through_gate(word gate, long nr, word a, word b, word c, word d, word e, word f) {
    register word r10 asm("r10") = d;
    register word r8 asm("r8") = e;
    register word r9 asm("r9") = f;
    long result;
    asm volatile("call *%8"
                 : "=a"(result)
                 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), "m"(gate)
                 : "rcx", "r11", "memory");
    return result;
}

static int attack_own_code(void) {
    // open(2) of a host file by hand: what answers is the library OS, which does not have it.
    const char* secret = "/root/../etc/hostname-that-only-the-host-has";
    return raw(SYS_open, (word)secret, O_RDONLY, 0, 0, 0, 0) >= 0 ? 99 : 0;
}

static int attack_generated_code(void) {
    unsigned char* code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) return 0;
    const unsigned char body[] = {0xb8, SYS_getppid, 0,    0,
                                  0,    0x0f,        0x05, 0xc3};  // mov $nr,%eax; syscall; ret
    memcpy(code, body, sizeof body);
    long parent = ((long (*)(void))code)();
    return parent == getppid() ? 0 : 99;  // the library OS's answer, not the host's
}

static int attack_core_memory(void) {
    // The thread block and the core's stack: the sandbox may die of it, and only the sandbox.
    for (word at = (block() & ~0xfffful) + 0x1000; at < block() + 0x100; at += 8)
        *(volatile word*)at = 0x4141414141414141;
    getppid();
    return 0;
}

static int attack_map_over(void) {
    word arena = block() & ~0xfffffffful;
    void* got =
        mmap((void*)arena, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return got == MAP_FAILED ? 0 : 99;
}

static int attack_registers(void) {
    for (int i = 0; i < 100; i++) {
        word junk =
            ((word)rand() << 33 ^ (word)rand()) & 0x7ffffffffff8;  // a non-canonical base faults by itself
        asm volatile("wrgsbase %0" : : "r"(i % 2 ? junk : 0x1000));
        if (raw(SYS_getppid, 0, 0, 0, 0, 0, 0) < 0) return 99;
        asm volatile(
            "pushfq; orq $0x44400, (%%rsp); popfq; mov $110, %%eax; syscall; pushfq; andq $~0x44400, "
            "(%%rsp); popfq"
            :
            :
            : "rax", "rcx", "r11", "memory", "cc");
        asm volatile("mov %%rsp, %%r12; xor %%esp, %%esp; mov $110, %%eax; syscall; mov %%r12, %%rsp"
                     :
                     :
                     : "rax", "rcx", "r11", "r12", "memory");
    }
    return 0;
}

static int attack_forks(void) {
    for (int i = 0; i < 5000; i++) {
        pid_t child = fork();
        if (child < 0) return 0;
        if (child == 0) {
            pause();
            _exit(0);
        }
    }
    return 99;
}

static int attack_descriptors(void) {
    for (int i = 0; i < 2000000; i++)
        if (open("/dev/null", O_RDONLY) < 0) return 0;
    return 99;
}

static int attack_tmpfs(void) {
    int file = open("/tmp/fill", O_CREAT | O_WRONLY, 0600);
    static char piece[1 << 20];
    memset(piece, 1, sizeof piece);
    for (long i = 0; i < 1 << 20; i++)
        if (write(file, piece, sizeof piece) <= 0) return 0;
    return 99;
}

static int attack_memory(void) {
    for (;;) {
        char* piece = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) return 0;
        memset(piece, 1, 64 << 20);
    }
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    setbuf(stdout, NULL);
    if (!strcmp(what, "own-code")) return attack_own_code();
    if (!strcmp(what, "generated-code")) return attack_generated_code();
    if (!strcmp(what, "core-memory")) return attack_core_memory();
    if (!strcmp(what, "map-over")) return attack_map_over();
    if (!strcmp(what, "registers")) return attack_registers();
    if (!strcmp(what, "forks")) return attack_forks();
    if (!strcmp(what, "descriptors")) return attack_descriptors();
    if (!strcmp(what, "tmpfs")) return attack_tmpfs();
    if (!strcmp(what, "memory")) return attack_memory();
    if (!strcmp(what, "gate") && argc > 2) {
        word gate = find_gate();
        if (gate == 0) return 98;
        word a[6] = {0};
        for (int i = 0; i < 6 && i + 3 < argc; i++) a[i] = strtoul(argv[i + 3], NULL, 0);
        long result = through_gate(gate, strtol(argv[2], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
        printf("returned %ld\n", result);
        return 0;
    }
    return 97;
}
