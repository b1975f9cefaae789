// A handler sees and may change the interrupted registers: all general ones, flags, the instruction pointer,
// the mask.
#include "oracle.h"

#include <ucontext.h>
static void skip(int s, siginfo_t* info, void* context) {
    (void)s, (void)info;
    ucontext_t* u = context;
    greg_t* r = u->uc_mcontext.gregs;
    say("rax %llx rbx %llx r8 %llx r15 %llx rdi %llx carry %lld\n", r[REG_RAX], r[REG_RBX], r[REG_R8],
        r[REG_R15], r[REG_RDI], r[REG_EFL] & 1);
    r[REG_RIP] += 2;  // over ud2
    r[REG_RAX] = 0x1234;
    r[REG_R15] += 1;
    r[REG_EFL] &= ~1ll;
    sigaddset(&u->uc_sigmask, SIGUSR1);
}
int main(void) {
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    unsigned long rax = 0xa1a2a3a4a5a6a7a8, rbx = 0xb1, r15 = 0xffff000011112222, carry = 7;
    register unsigned long r8 __asm__("r8") = 0x88;
    register unsigned long r15r __asm__("r15") = r15;
    unsigned long rdi = 0xd1d1;
    __asm__ volatile("stc; ud2; setc %b4"
                     : "+a"(rax), "+b"(rbx), "+r"(r8), "+r"(r15r), "+c"(carry), "+D"(rdi)
                     :
                     : "cc", "memory");
    unsigned long r8_after = r8, r15_after = r15r;
    HEX(rax);
    HEX(rbx);
    HEX(r8_after);
    HEX(r15_after);
    HEX(carry & 255);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    NUM(sigismember(&set, SIGUSR1));
    NUM(sigismember(&set, SIGILL));
    return 0;
}
