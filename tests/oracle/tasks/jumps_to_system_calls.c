// Jumps to a system-call instruction, and to the instruction before it, without coming by what stands in
// front: also after the code has made so many calls there that whoever looks for calls has rewritten it.
#include "oracle.h"

// edx is set first, so that each way leaves a trace of where it came in.
asm(".text\n"
    ".type call_site, @function\n"
    "call_site: .cfi_startproc\n"
    "  mov $0x1234, %edx\n"
    "call_site_second: mov %rdi, %rax\n"
    "call_site_third: syscall\n"
    "  mov %rdx, (%rsi)\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size call_site, . - call_site\n"
    ".type jump_to, @function\n"
    "jump_to: .cfi_startproc\n"
    "  mov %rdx, %r8\n"
    "  xor %edx, %edx\n"
    "  mov %rdi, %rax\n"
    "  jmp *%r8\n"
    "  .cfi_endproc\n"
    ".size jump_to, . - jump_to\n");
extern char call_site[], call_site_second[], call_site_third[];
long jump_to(long number, long* trace, const char* where);

static void by(const char* way, const char* where, int times) {
    long trace = 0, right = 0, own = getpid(), others = 0;
    for (int i = 0; i < times; i++) {
        right += jump_to(SYS_getpid, &trace, where) == own;
        others += jump_to(SYS_getppid, &trace, where) != own;
    }
    printf("%s: %ld and %ld of %d, edx %lx\n", way, right, others, times, trace);
}

int main(void) {
    for (int round = 0; round < 3; round++) {
        by("from the beginning", call_site, 300);
        by("to the second instruction", call_site_second, 50);
        by("to the call", call_site_third, 50);
    }
    NUM(jump_to(-1, &(long){0}, call_site_third) == -ENOSYS);
    return 0;
}
