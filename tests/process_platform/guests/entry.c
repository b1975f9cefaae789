// The entry path: registers, flags, hostile state before a call, threads, processes, kicks.
#include "guests/guest.h"

static void number(u64 value) {
    char text[24];
    int at = 23;
    text[at] = 0;
    do text[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    say(text + at);
}

/// Everything but rax, rcx, r11 is as before, flags too.
static void registers_survive(void) {
    u64 before[16], after[16];
    for (int way = 0; way < 2; way++) {
        for (u64 flags = 0; flags < 4; flags++) {
            u64 wanted = 0x202 | (flags & 1 ? 0x8d5 : 0) | (flags & 2 ? 0x400 : 0);  // CF PF AF ZF SF OF; DF
            u64 got = 0, result = 0;
            for (int i = 0; i < 16; i++) before[i] = 0x1111111111111111ul * (u64)i + 3, after[i] = 0;
            __asm__ volatile(
                "push %%rbp\n push %%rbx\n"
                "sub $128, %%rsp\n"
                "push %[after]\n push %[entry]\n push %[way]\n"
                "mov 0*8(%[before]), %%rbx\n mov 1*8(%[before]), %%rbp\n mov 2*8(%[before]), %%r8\n"
                "mov 3*8(%[before]), %%r9\n mov 4*8(%[before]), %%r10\n mov 5*8(%[before]), %%r12\n"
                "mov 6*8(%[before]), %%r13\n mov 7*8(%[before]), %%r14\n mov 8*8(%[before]), %%r15\n"
                "mov 9*8(%[before]), %%rdx\n mov 10*8(%[before]), %%rsi\n mov $39, %%eax\n"
                "cmpq $0, (%%rsp)\n jne 1f\n"
                "push %[wanted]\n popfq\n syscall\n jmp 2f\n"
                "1: lea 2f(%%rip), %%rcx\n push %[wanted]\n popfq\n jmp *8(%%rsp)\n"
                "2: pushfq\n pop %%rcx\n push $0x202\n popfq\n"
                "mov 16(%%rsp), %%r11\n mov %%rcx, 15*8(%%r11)\n"
                "mov %%rbx, 0*8(%%r11)\n mov %%rbp, 1*8(%%r11)\n mov %%r8, 2*8(%%r11)\n mov %%r9, "
                "3*8(%%r11)\n"
                "mov %%r10, 4*8(%%r11)\n mov %%r12, 5*8(%%r11)\n mov %%r13, 6*8(%%r11)\n mov %%r14, "
                "7*8(%%r11)\n"
                "mov %%r15, 8*8(%%r11)\n mov %%rdx, 9*8(%%r11)\n mov %%rsi, 10*8(%%r11)\n mov %%rax, "
                "11*8(%%r11)\n"
                "add $152, %%rsp\n pop %%rbx\n pop %%rbp\n"
                :
                : [before] "c"(before), [after] "S"(after), [entry] "d"(patched_entry), [way] "a"((u64)way),
                  [wanted] "D"(wanted)
                : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
            got = after[15], result = after[11];
            for (int i = 0; i < 11; i++) check(after[i] == before[i], "a register changed");
            check(result == 4711, "result");
            check((got & 0xcd5) == (wanted & 0xcd5), "flags");
        }
    }
}

static volatile u32 child_ran[8];
static char stacks[8][16384] __attribute__((aligned(16)));

extern long start_thread(long flags, void* stack, void (*function)(long), long argument);
__asm__(
    "start_thread:\n"
    "  sub $16, %rsi\n mov %rdx, (%rsi)\n mov %rcx, 8(%rsi)\n"
    "  mov $56, %eax\n xor %edx, %edx\n syscall\n"
    "  test %eax, %eax\n jz 1f\n ret\n"
    "1: pop %rax\n pop %rdi\n call *%rax\n mov $60, %eax\n xor %edi, %edi\n syscall\n");

static void thread_body(long index) {
    child_ran[index] = 1;
}

static void threads(void) {
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 8; i++) {
            child_ran[i] = 0;
            check(start_thread(0x100, stacks[i] + sizeof(stacks[i]), thread_body, i) > 0, "clone");
        }
        for (int i = 0; i < 8; i++)
            while (!child_ran[i]) call(35, 100000);
    }
}

static void processes(u64* shared) {
    for (int i = 0; i < 20; i++) {
        shared[0] = 0;
        static int private_word;
        private_word = i;
        long child = call6(56, 0, 0, 0, 0, 0, 0);
        check(child >= 0, "fork");
        if (child == 0) {
            check(private_word == i, "the child's memory");
            private_word = -1;
            shared[0] = 1;
            call(60, 1);
        }
        while (((volatile u64*)shared)[0] == 0) call(35, 100000);
        check(private_word == i, "the parent's memory");
    }
}

static void bad_gs(void) {
    u64 fake[64];
    for (int i = 0; i < 64; i++) fake[i] = (u64)&fake[32];
    u64 bases[] = {0, 0x1234, 0x7fffdeadb000, (u64)&fake[40]};
    for (int way = 0; way < 2; way++)
        for (u64 i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
            __asm__ volatile("wrgsbase %0" : : "r"(bases[i]));
            long result = way ? patched(39, 0, 0, 0) : call(39);
            check(result == 4711, "call with a foreign gs");
        }
}

static void bad_stack(void) {
    u64 pointers[] = {0, 0xffff800000000000ul, 0x800000000000, 8, ~0ul};
    for (u64 i = 0; i < 5; i++)
        for (int way = 0; way < 2; way++) {
            long result, pad = 0;
            __asm__ volatile(
                "mov %%rsp, %%r12\n mov %3, %%r13\n mov %2, %%rsp\n mov $39, %%eax\n test %%r13, %%r13\n jz "
                "1f\n"
                "lea 2f(%%rip), %%rcx\n jmp *%%r13\n"
                "1: syscall\n2: mov %%r12, %%rsp\n"
                : "=&a"(result), "+&d"(pad)
                : "r"(pointers[i]), "r"(way ? patched_entry : 0)
                : "rcx", "r11", "r12", "r13", "memory");
            check(result == 4711, "call with a foreign stack pointer");
        }
}

extern void fault_handler(void);
__asm__("fault_handler: mov %rdi, %rax\n jmp *%rbx\n");
static u64 touch(u64 address) {
    u64 result;
    __asm__ volatile("lea 1f(%%rip), %%rbx\n mov (%1), %0\n1:\n"
                     : "=a"(result)
                     : "r"(address)
                     : "rbx", "rdi", "rsi", "rdx", "memory");
    return result;
}
static void faults(void) {
    call(13, 0, fault_handler);
    u64 before = (u64)call(500);
    check(touch(0x1230) == 0x1230, "fault address");
    __asm__ volatile("wrgsbase %0" : : "r"(0x4444ul));
    check(touch(0x7ffff0000000) == 0x7ffff0000000, "fault address");
    check((u64)call(500) == before + 2, "number of faults");
    // A jump to an address that is none, out of a patched call.
    u64 target = 0x800000000000;
    __asm__ volatile("lea 1f(%%rip), %%rbx\n mov %0, %%rcx\n mov $39, %%eax\n jmp *%1\n1:\n"
                     :
                     : "r"(target), "r"(patched_entry)
                     : "rax", "rbx", "rcx", "rdi", "rsi", "rdx", "r11", "memory");
    check((u64)call(500) == before + 3, "jump to a bad address");
    call(13, 0, 0);
}

static volatile u64 spinning, stop_spinning;
static void spin(long unused) {
    (void)unused;
    u64 x = 0x123456789;
    __asm__ volatile("movq %0, %%xmm5" : : "r"(x));
    while (!stop_spinning) spinning++;
    u64 y;
    __asm__ volatile("movq %%xmm5, %0" : "=r"(y));
    check(x == y, "vector register over an interrupt");
    spinning = 0;
}
static void call_much(long unused) {
    (void)unused;
    while (!stop_spinning) {
        check(patched(39, 0, 0, 0) == 4711, "call under kicks");
        spinning++;
    }
    spinning = 0;
}
static void kicks(void (*body)(long)) {
    stop_spinning = 0, spinning = 0;
    long tid = start_thread(0x100, stacks[0] + sizeof(stacks[0]), body, 0);
    while (spinning == 0) call(35, 100000);
    for (int i = 0; i < 2000; i++) {
        u64 before = (u64)call(501);
        call(62, tid);
        int tries = 0;
        while ((u64)call(501) == before) {
            call(35, 1000);
            check(tries++ < 2000, "an interrupt got lost");
        }
    }
    stop_spinning = 1;
    while (spinning != 0) call(35, 100000);
}

static void step(void) {
    // A guest that steps itself over a call by trap and by entry.
    call(13, 0, fault_handler);
    for (int way = 0; way < 2; way++) {
        u64 result;
        __asm__ volatile(
            "lea 2f(%%rip), %%rbx\n mov %1, %%r13\n mov $39, %%eax\n lea 1f(%%rip), %%rcx\n test %%r13, "
            "%%r13\n"
            "mov %%rsp, %%r12\n push $0x302\n popfq\n 2: jnz 3f\n syscall\n jmp 1f\n 3: jmp *%%r13\n1: push "
            "$0x202\n popfq\n"
            : "=a"(result)
            : "r"(way ? patched_entry : 0ul)
            : "rbx", "rcx", "rdi", "rsi", "rdx", "r11", "r12", "r13", "memory");
        (void)result;
    }
    call(13, 0, 0);
}

static void speed(void) {
    const int rounds = 2000000;
    u64 best = ~0ul;
    for (int turn = 0; turn < 5; turn++) {
        u64 from = (u64)patched(228, 0, 0, 0);
        for (int i = 0; i < rounds; i++) patched(39, 0, 0, 0);
        u64 time = (u64)patched(228, 0, 0, 0) - from;
        if (time < best) best = time;
    }
    say("empty call, patched entry: ");
    number(best * 100 / rounds);
    say(" ns/100\n");
    u64 from = (u64)call(228);
    for (int i = 0; i < 20000; i++) call(39);
    say("empty call, trap: ");
    number(((u64)call(228) - from) / 20000);
    say(" ns\n");
    from = (u64)call(228);
    for (int i = 0; i < 200000; i++) patched(228, 0, 0, 0);
    say("monotonic clock: ");
    number(((u64)call(228) - from) / 200000);
    say(" ns\n");
    from = (u64)call(228);
    for (int i = 0; i < 500; i++) {
        child_ran[0] = 0;
        start_thread(0x100, stacks[0] + sizeof(stacks[0]), thread_body, 0);
        while (!child_ran[0]) __asm__ volatile("pause");
    }
    say("thread start: ");
    number(((u64)call(228) - from) / 500);
    say(" ns\n");
}

void guest_main(long argument) {
    u64* shared = (u64*)call(510);  // a page that all processes share
    patched_entry = (u64)call(511);
    if (argument == 7) {  // executed anew in a blank space
        shared[1] = 1;
        call(60, 1);
    }
    registers_survive();
    bad_stack();
    bad_gs();
    faults();
    threads();
    processes(shared);
    kicks(spin);
    kicks(call_much);
    shared[1] = 0;
    check(call(59) == 0, "exec");
    while (((volatile u64*)shared)[1] == 0) call(35, 100000);
    say("mailboxes: ");
    number((u64)call(502));
    say("\n");
    (void)step;
    speed();
    say("passed\n");
    call(231, 0);
}
__asm__(".globl _start\n_start: mov %rax, %rdi\n and $-16, %rsp\n call guest_main\n");
