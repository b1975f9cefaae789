// A program that tries what ring 3 may not do: each case in a child, whose end is printed. Natively and
// inside it prints the same, but for lines that begin with "inside only".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_ADDRESS 0xffffffff81000000ul
#define NO_ADDRESS 0x0000800000000000ul

static void on_signal(int signal, siginfo_t* info, void* context) {
    (void)context;
    char line[64];
    int length = snprintf(line, sizeof(line), "signal %d code %d\n", signal, info->si_code);
    (void)!write(1, line, (size_t)length);
    _exit(0);
}

static void try(const char* name, void (*action)(void)) {
    printf("%s: ", name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static char stack[65536];
        stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
        sigaltstack(&alternate, NULL);
        struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        for (int signal = SIGILL; signal <= SIGSEGV; signal++)
            if (signal != SIGKILL && signal != SIGABRT) sigaction(signal, &act, NULL);
        action();
        printf("went through\n");
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
}

#define CASE(name, code)     \
    static void name(void) { \
        code;                \
    }
#define INSTRUCTION(name, text) CASE(name, __asm__ volatile(text : : : "rax", "rcx", "rdx", "memory"))

INSTRUCTION(halt, "hlt")
INSTRUCTION(interrupts_off, "cli")
INSTRUCTION(interrupts_on, "sti")
INSTRUCTION(port_in, "mov $0x3f8, %%edx; in %%dx, %%al")
INSTRUCTION(port_out, "mov $0x64, %%edx; mov $0xfe, %%al; out %%al, %%dx")
INSTRUCTION(port_string, "mov $0x3f8, %%edx; lea -8(%%rsp), %%rsi; outsb")
INSTRUCTION(read_cr0, "mov %%cr0, %%rax")
INSTRUCTION(read_cr3, "mov %%cr3, %%rax")
INSTRUCTION(write_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")
INSTRUCTION(write_cr4, "xor %%eax, %%eax; mov %%rax, %%cr4")
INSTRUCTION(write_cr8, "xor %%eax, %%eax; mov %%rax, %%cr8")
INSTRUCTION(read_debug, "mov %%dr7, %%rax")
INSTRUCTION(write_debug, "xor %%eax, %%eax; mov %%rax, %%dr0")
INSTRUCTION(read_msr, "mov $0xc0000080, %%ecx; rdmsr")
INSTRUCTION(write_msr, "mov $0xc0000082, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")
INSTRUCTION(load_gdt, "lgdt -16(%%rsp)")
INSTRUCTION(load_idt, "lidt -16(%%rsp)")
INSTRUCTION(load_ldt, "xor %%eax, %%eax; lldt %%ax")
INSTRUCTION(load_task, "mov $0x40, %%eax; ltr %%ax")
INSTRUCTION(clear_task_switched, "clts")
INSTRUCTION(invalidate_page, "invlpg (%%rsp)")
INSTRUCTION(invalidate_caches, "wbinvd")
INSTRUCTION(swap_gs, "swapgs")
INSTRUCTION(system_return, "mov $0x1000, %%ecx; sysretq")
INSTRUCTION(set_extended_state, "xor %%ecx, %%ecx; mov $7, %%eax; xor %%edx, %%edx; xsetbv")
INSTRUCTION(undefined, "ud2")
INSTRUCTION(breakpoint, "int3")
INSTRUCTION(single_step, "pushfq; orl $0x100, (%%rsp); popfq; nop; nop")
INSTRUCTION(
    alignment,
    "pushfq; orl $0x40000, (%%rsp); popfq; mov 1(%%rsp), %%eax; pushfq; andl $~0x40000, (%%rsp); popfq")
INSTRUCTION(divide, "xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx")
INSTRUCTION(another_gate, "int $0x81")
INSTRUCTION(device_gate, "int $0x30")
INSTRUCTION(timer_gate, "int $0xe0")
INSTRUCTION(page_fault_gate, "int $14")
INSTRUCTION(double_fault_gate, "int $8")
INSTRUCTION(far_to_ring_0, "pushq $0x10; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:")
INSTRUCTION(return_to_ring_0,
            "mov %%rsp, %%rcx; pushq $0x18; push %%rcx; pushfq; pushq $0x10; lea 1f(%%rip), %%rax; push "
            "%%rax; iretq; 1:")
INSTRUCTION(task_gate, "pushq $0x40; pushq $0; lretq")
INSTRUCTION(privileged_flags, "pushfq; orl $0x3000, (%%rsp); popfq")

CASE(read_kernel, (void)*(volatile char*)KERNEL_ADDRESS)
CASE(write_kernel, *(volatile char*)KERNEL_ADDRESS = 1)
CASE(call_kernel, ((void (*)(void))KERNEL_ADDRESS)())
CASE(read_nowhere, (void)*(volatile char*)NO_ADDRESS)
CASE(write_nowhere, *(volatile char*)NO_ADDRESS = 1)
CASE(call_nowhere, ((void (*)(void))NO_ADDRESS)())
CASE(read_last_page, (void)*(volatile char*)0x7ffffffff000ul)
CASE(read_end, (void)*(volatile char*)~7ul)

// System calls with a stack pointer that is none: the kernel must not use it.
#define HOSTILE_STACK(name, stack)                                                                     \
    CASE(name, long result;                                                                            \
         __asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; mov $39, %%eax; syscall; mov %%r12, %%rsp" \
                          : "=&a"(result)                                                              \
                          : "r"(stack)                                                                 \
                          : "rcx", "r11", "r12", "memory");                                            \
         printf(result > 0 ? "answered, " : "refused, "))
HOSTILE_STACK(call_with_stack_0, 0ul)
HOSTILE_STACK(call_with_kernel_stack, KERNEL_ADDRESS)
HOSTILE_STACK(call_with_no_stack, NO_ADDRESS)

// Flags that the kernel must not run under.
#define HOSTILE_FLAGS(name, flags)                                                                           \
    CASE(                                                                                                    \
        name, long result; __asm__ volatile(                                                                 \
            "pushfq; pop %%r12; mov %%r12, %%r13; or %1, %%r13; push %%r13; popfq; mov $39, %%eax; syscall;" \
            "push %%r12; popfq"                                                                              \
            : "=&a"(result)                                                                                  \
            : "r"(flags)                                                                                     \
            : "rcx", "r11", "r12", "r13", "memory");                                                         \
        printf(result > 0 ? "answered, " : "refused, "))
HOSTILE_FLAGS(call_backwards, 0x400ul)
HOSTILE_FLAGS(call_nested, 0x4000ul)
HOSTILE_FLAGS(call_aligned, 0x40000ul)
HOSTILE_FLAGS(call_identified, 0x200000ul)

static void call_with_kernel_gs(void) {
    __asm__ volatile("wrgsbase %0" : : "r"(KERNEL_ADDRESS));
    printf(getppid() > 0 ? "answered, " : "refused, ");
}

/// The last instruction of the lower half is a system call: it must not return to where the upper begins.
static void call_at_the_end(void) {
    unsigned char* page = mmap((void*)0x7fffffffe000ul, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == MAP_FAILED) {
        printf("no page, ");
        return;
    }
    page[4094] = 0x0f, page[4095] = 0x05;
    __asm__ volatile("mov $39, %%eax; jmp *%0" : : "r"(page + 4094) : "rax", "rcx", "r11");
}

// Every call that takes a pointer, with one into the kernel or to nowhere.
static void pointers(unsigned long bad) {
    int pipes[2];
    if (pipe(pipes) != 0) return;
    (void)!write(pipes[1], "x", 1);
    struct iovec vector = {(void*)bad, 16};
    char buffer[16];
    struct {
        const char* name;
        long result;
    } const results[] = {
        {"read", syscall(SYS_read, pipes[0], bad, 1)},
        {"write", syscall(SYS_write, pipes[1], bad, 1)},
        {"writev", syscall(SYS_writev, pipes[1], &vector, 1)},
        {"readv vector", syscall(SYS_readv, pipes[0], bad, 1)},
        {"open", syscall(SYS_open, bad, 0)},
        {"stat", syscall(SYS_stat, "/", bad)},
        {"getcwd", syscall(SYS_getcwd, bad, 4096)},
        {"pipe", syscall(SYS_pipe, bad)},
        {"uname", syscall(SYS_uname, bad)},
        {"clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad)},
        {"nanosleep", syscall(SYS_nanosleep, bad, 0)},
        {"poll", syscall(SYS_poll, bad, 1, 0)},
        {"futex", syscall(SYS_futex, bad & ~3ul, 0, 0, 0, 0, 0)},
        {"rt_sigaction", syscall(SYS_rt_sigaction, SIGUSR1, bad, 0, 8)},
        {"rt_sigprocmask", syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, bad, 8)},
        {"sigaltstack", syscall(SYS_sigaltstack, bad, 0)},
        {"socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bad)},
        {"readlink", syscall(SYS_readlink, "/proc/self/exe", bad, 16)},
        {"getrandom", syscall(SYS_getrandom, bad, 16, 0)},
        {"wait4", syscall(SYS_wait4, -1, bad, WNOHANG, 0)},
        {"execve", syscall(SYS_execve, bad, 0, 0)},
        {"process_vm_readv",
         syscall(SYS_process_vm_readv, getpid(), &(struct iovec){buffer, 8}, 1, &vector, 1, 0)},
        {"set_robust_list", syscall(SYS_set_robust_list, bad, 24)},
        {"mmap",
         syscall(SYS_mmap, bad & ~4095ul, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)},
        {"munmap", syscall(SYS_munmap, bad & ~4095ul, 4096)},
        {"mprotect", syscall(SYS_mprotect, bad & ~4095ul, 4096, PROT_READ)},
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        printf("  %s: %s\n", results[i].name, results[i].result < 0 ? "refused" : "taken");
}
CASE(kernel_pointers, printf("\n"); pointers(KERNEL_ADDRESS))
CASE(pointers_to_nowhere, printf("\n"); pointers(NO_ADDRESS))

/// A signal whose frame has to go where nothing is.
static void signal_on_no_stack(void) {
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &act, NULL);
    __asm__ volatile(
        "mov %0, %%rsp; mov $39, %%eax; syscall; mov %%eax, %%edi; mov $10, %%esi; mov $62, %%eax; syscall"
        :
        : "r"(KERNEL_ADDRESS)
        : "memory");
}

/// A signal frame that asks for privileged flags and a kernel address.
static void forged_frame(void) {
    struct {
        unsigned long words[64];
    } frame;
    memset(&frame, 0, sizeof(frame));
    unsigned long* registers = frame.words + 5;  // uc_mcontext behind uc_flags, uc_link and uc_stack
    registers[15] = (unsigned long)&frame;       // rsp
    registers[16] = KERNEL_ADDRESS;              // rip
    registers[17] = 0x3202;                      // flags: IOPL 3
    registers[18] = 0x002b000000000033ul;        // ss, cs: as they are
    __asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" : : "r"(&frame) : "memory");
}

int main(void) {
#define TRY(name) try(#name, name)
    TRY(halt), TRY(interrupts_off), TRY(interrupts_on), TRY(port_in), TRY(port_out), TRY(port_string);
    TRY(read_cr0), TRY(read_cr3), TRY(write_cr3), TRY(write_cr4), TRY(write_cr8), TRY(read_debug),
        TRY(write_debug);
    TRY(read_msr), TRY(write_msr), TRY(load_gdt), TRY(load_idt), TRY(load_ldt), TRY(load_task);
    TRY(clear_task_switched), TRY(invalidate_page), TRY(invalidate_caches), TRY(swap_gs), TRY(system_return);
    TRY(set_extended_state), TRY(undefined), TRY(breakpoint), TRY(single_step), TRY(alignment), TRY(divide);
    TRY(another_gate), TRY(device_gate), TRY(timer_gate), TRY(page_fault_gate), TRY(double_fault_gate);
    TRY(far_to_ring_0), TRY(return_to_ring_0), TRY(task_gate), TRY(privileged_flags);
    TRY(read_kernel), TRY(write_kernel), TRY(call_kernel), TRY(read_nowhere), TRY(write_nowhere),
        TRY(call_nowhere);
    TRY(read_last_page), TRY(read_end);
    TRY(call_with_stack_0), TRY(call_with_kernel_stack), TRY(call_with_no_stack);
    TRY(call_backwards), TRY(call_nested), TRY(call_aligned), TRY(call_identified), TRY(call_with_kernel_gs);
    TRY(call_at_the_end), TRY(kernel_pointers), TRY(pointers_to_nowhere), TRY(signal_on_no_stack),
        TRY(forged_frame);
    printf("still here\n");
    return 0;
}
