// A guest that is only hostile. It finds the library OS's gate by reading the core's memory, which lies in
// its own address space, and then does what its arguments say. Exit 0: the attack had no effect that it could
// see; 99: it got through.
#define _GNU_SOURCE
#include <fcntl.h>
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
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

// --- against the limits, by hand ---------------------------------------------------------------------------

static word arena_base(void) {
    return block() & ~0xfffffffful;
}

static _Noreturn int attack_spin(int processes) {
    for (int i = 1; i < processes; i++)
        if (fork() == 0) break;
    for (;;) asm volatile("" ::: "memory");
}

enum { clone_process = 0x8411, map_private_fixed = 0x4032, map_arena_shared = 0x11 };

static _Noreturn int attack_spin_by_hand(word gate) {
    for (int i = 0; i < 3; i++)
        if (through_gate(gate, SYS_clone, clone_process, 0, 0, 0, 0, 0) == 0) break;
    for (;;) asm volatile("" ::: "memory");
}

static int attack_clone_by_hand(word gate) {
    int made = 0;
    for (; made < 5000; made++) {
        long child = through_gate(gate, SYS_clone, clone_process, 0, 0, 0, 0, 0);
        if (child == 0)
            for (;;)
                through_gate(gate, SYS_futex, arena_base(), 0, *(volatile unsigned*)arena_base(), 0, 0, 0);
        if (child < 0) break;
    }
    printf("made %d\n", made);
    return 0;
}

static const word far_away = 0x200000000000;

static char* map_by_hand(word gate, word at, word length, int protection) {
    long got = through_gate(gate, SYS_mmap, at, length, (word)protection, map_private_fixed, ~0ul, 0);
    return got == (long)at ? (char*)at : NULL;
}

static int attack_page_tables(word gate) {
    // Reading touches the one page of zeros, which counts for nothing; the tables that lead there do not.
    for (word at = far_away;; at += 1ul << 39) {
        if (!map_by_hand(gate, at, 1ul << 39, PROT_READ)) return 96;
        for (word page = at; page < at + (1ul << 39); page += 1ul << 21) (void)*(volatile char*)page;
    }
}

static int attack_read_only_memory(word gate) {
    const word piece = 8 << 20;
    for (word at = far_away;; at += piece) {
        if (!map_by_hand(gate, at, piece, PROT_READ | PROT_WRITE)) return 96;
        memset((char*)at, 1, piece);
        through_gate(gate, SYS_mprotect, at, piece, PROT_READ, 0, 0, 0);
    }
}

static int attack_arena_by_hand(word gate) {
    const word length = 900ul << 20;
    if (through_gate(gate, SYS_mmap, far_away, length, PROT_READ | PROT_WRITE, map_arena_shared, 3,
                     100 << 20) < 0)
        return 96;
    memset((char*)far_away, 1, length);
    return 95;
}

static _Noreturn int attack_memory_of_many(word gate) {
    for (int i = 0; i < 12; i++)
        if (through_gate(gate, SYS_clone, clone_process, 0, 0, 0, 0, 0) == 0) {
            const word length = 30 << 20;
            if (map_by_hand(gate, far_away, length, PROT_READ | PROT_WRITE))
                memset((char*)far_away, 1, length);
            for (;;) asm volatile("pause" ::: "memory");
        }
    for (;;) asm volatile("pause" ::: "memory");
}

static int attack_forged_exit(word gate) {
    through_gate(gate, SYS_exit_group, 42, 0, 0, 0, 0, 0);
    return 95;
}

// --- nonsense before a call, a fault and a signal ----------------------------------------------------------

static void on_fault(int signal) {
    _exit(10 + signal);
}

static word pick(const word* from, int count) {
    return from[rand() % count];
}
#define PICK(array) pick(array, (int)(sizeof(array) / sizeof *(array)))

// One process that does one senseless thing and dies of it, or does not.
static void senseless(word gate) {
    const word arena = arena_base();
    const word bases[] = {0,           0x1000,         arena, arena + 0x8000, block() + 0x10000,
                          block() - 8, 0x7fffffffeff8, gate};
    const word stacks[] = {0,
                           8,
                           0x1000,
                           0x8000000000000000,
                           0xffffffff81000000,
                           0xffffffffffffffff,
                           arena + 0x20000,
                           block(),
                           gate,
                           0x7ffffffff000};
    const word flags[] = {0x202, 0x602, 0x40202, 0x44202, 0x302, 0x40602, 0x244602};
    static char own[65536];
    stack_t stack = {.ss_sp = own, .ss_size = sizeof own};
    const word places[] = {(word)own, arena + 0x10000, 0x1000, gate & ~0xffful, 0x7fffffff0000};
    stack.ss_sp = (void*)PICK(places);
    if (rand() % 4 == 0) stack.ss_size = MINSIGSTKSZ;
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = rand() % 4 ? SA_ONSTACK : 0};
    for (int signal = 1; signal < 32; signal++) sigaction(signal, &action, NULL);
    word base = PICK(bases), rsp = PICK(stacks), flag = PICK(flags);
    int event = rand() % 8;
    asm volatile(
        "wrgsbase %0; pushq %2; popfq; mov %1, %%rsp\n"
        "cmp $0, %3; je 10f; cmp $1, %3; je 11f; cmp $2, %3; je 12f; cmp $3, %3; je 13f\n"
        "cmp $4, %3; je 14f; cmp $5, %3; je 15f; cmp $6, %3; je 16f\n"
        "mov $15, %%eax; syscall; hlt\n"
        "10: mov $110, %%eax; syscall; ud2\n"
        "11: ud2\n"
        "12: xor %%eax, %%eax; mov (%%rax), %%rax\n"
        "13: int3; ud2\n"
        "14: mov $20, %%eax; int $0x80; ud2\n"
        "15: xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx; ud2\n"
        "16: jmp *%4\n"
        :
        : "r"(base), "r"(rsp), "r"(flag), "r"(event), "r"(0x8000000000000000ul)
        : "memory", "rax", "rcx", "rdx");
}

static int attack_senseless(word gate, int rounds) {
    for (int i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (child < 0) return 94;
        if (child == 0) {
            srand((unsigned)i * 2654435761u + 1);
            alarm(5);
            senseless(gate);
            _exit(0);
        }
        int status;
        if (waitpid(child, &status, 0) != child) return 93;
    }
    return 0;
}

static volatile sig_atomic_t heard;
static void on_signal(int signal) {
    heard += signal > 0;
}

// Signals arrive while %gs and the flags are nonsense.
static int attack_signals(int seconds) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        for (;;)
            if (kill(parent, SIGUSR1) != 0) _exit(0);
    }
    word good = block();
    for (time_t end = time(NULL) + seconds; time(NULL) < end;)
        for (int i = 0; i < 100000; i++)
            asm volatile(
                "wrgsbase %0; pushfq; orq $0x44400, (%%rsp); popfq; pause; pushfq; andq $~0x44400, (%%rsp); "
                "popfq; wrgsbase %1"
                :
                : "r"(0x5000ul + (word)i), "r"(good)
                : "memory", "cc");
    kill(child, SIGKILL);
    return heard > 0 ? 0 : 92;
}

// --- what belongs to the host ------------------------------------------------------------------------------

static int attack_host_process(pid_t process) {
    char path[64], byte;
    struct iovec own = {&byte, 1}, theirs = {(void*)0x400000, 1};
    if (kill(process, 0) == 0 || kill(process, SIGKILL) == 0) return 99;
    if (syscall(SYS_tgkill, process, process, SIGKILL) == 0) return 99;
    if (syscall(SYS_process_vm_readv, process, &own, 1, &theirs, 1, 0) > 0) return 99;
    if (syscall(SYS_ptrace, 16, process, 0, 0) == 0) return 99;
    if (syscall(SYS_pidfd_open, process, 0) >= 0) return 99;
    const char* files[] = {"environ", "mem", "maps", "cmdline", "root", "fd", "cwd"};
    for (int i = 0; i < 7; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", process, files[i]);
        if (access(path, F_OK) == 0) return 99;
    }
    return 0;
}

// Looks for a word in all of its own memory and in what lies in its windows: image, start block, rings, and
// the arena's beginning.
static sigjmp_buf back;
static void on_hole(int signal) {
    siglongjmp(back, signal);
}

static int attack_search(word gate, const char* half, const char* other) {
    char marker[128];
    snprintf(marker, sizeof marker, "%s%s", half, other);
    size_t length = strlen(marker);
    struct sigaction action = {.sa_handler = on_hole, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    word arena = arena_base();
    struct {
        word begin, end;
    } ranges[] = {{gate & ~0xffffful, (gate & ~0xffffful) + (4 << 20)},
                  {arena - (4ul << 30), arena - (4ul << 30) + (1 << 20)},
                  {arena - (2ul << 30), arena - (2ul << 30) + (2 << 20)},
                  {arena, arena + (64 << 20)}};
    volatile long pages = 0;
    for (int i = 0; i < 4; i++)
        for (volatile word page = ranges[i].begin; page < ranges[i].end; page += 4096) {
            if (sigsetjmp(back, 1) != 0) continue;
            (void)*(volatile char*)page;
            pages++;
            char* found = memmem((void*)page, 4096, marker, length);
            if (found && found != marker) return 99;
        }
    printf("looked at %ld pages\n", pages);
    return pages > 100 ? 0 : 91;
}

static word number(const char* text) {
    return text[0] == '@' ? arena_base() + strtoul(text + 1, NULL, 0) : strtoul(text, NULL, 0);
}

static int attack_read_slot(word gate, word slot) {
    char bytes[64] = {0};
    long length = through_gate(gate, SYS_pread64, slot, (word)bytes, sizeof bytes - 1, 0, 0, 0);
    printf("read %ld: %s\n", length, bytes);
    return 0;
}

static int attack_overwrite(word begin, word length, int pattern) {
    volatile word* at = (word*)(arena_base() + begin);
    for (word i = 0; i < length / 8; i++) at[i] = 0x0101010101010101ul * (word)pattern;
    for (int i = 0; i < 100; i++) {
        int file = open("/etc/passwd", O_RDONLY);
        pid_t child = fork();
        if (child == 0) _exit(0);
        waitpid(child, NULL, 0);
        close(file);
    }
    return 0;
}

static int by_hand(const char* what, word gate, int argc, char** argv) {
    if (!strcmp(what, "spin-by-hand")) return attack_spin_by_hand(gate);
    if (!strcmp(what, "clone-by-hand")) return attack_clone_by_hand(gate);
    if (!strcmp(what, "page-tables")) return attack_page_tables(gate);
    if (!strcmp(what, "read-only-memory")) return attack_read_only_memory(gate);
    if (!strcmp(what, "arena-by-hand")) return attack_arena_by_hand(gate);
    if (!strcmp(what, "memory-of-many")) return attack_memory_of_many(gate);
    if (!strcmp(what, "forged-exit")) return attack_forged_exit(gate);
    if (!strcmp(what, "senseless")) return attack_senseless(gate, argc > 2 ? atoi(argv[2]) : 100);
    if (!strcmp(what, "overwrite") && argc > 4)
        return attack_overwrite(number(argv[2]), number(argv[3]), atoi(argv[4]));
    if (!strcmp(what, "read-slot") && argc > 2) return attack_read_slot(gate, number(argv[2]));
    if (!strcmp(what, "search") && argc > 3) return attack_search(gate, argv[2], argv[3]);
    return 97;
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
    if (!strcmp(what, "spin")) return attack_spin(argc > 2 ? atoi(argv[2]) : 1);
    if (!strcmp(what, "signals")) return attack_signals(argc > 2 ? atoi(argv[2]) : 2);
    if (!strcmp(what, "host-process") && argc > 2) return attack_host_process(atoi(argv[2]));
    word gate = find_gate();
    if (gate == 0) return 98;
    if (!strcmp(what, "gate") && argc > 2) {
        word a[6] = {0};
        for (int i = 0; i < 6 && i + 3 < argc; i++) a[i] = number(argv[i + 3]);
        long result = through_gate(gate, strtol(argv[2], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
        printf("returned %ld\n", result);
        return 0;
    }
    return by_hand(what, gate, argc, argv);
}
