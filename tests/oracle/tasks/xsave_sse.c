// SSE registers, MXCSR and the x87 state survive a handler that overwrites them, synchronous and
// asynchronous.
#include "oracle.h"

#include <emmintrin.h>
static void on(int s) {
    (void)s;
    unsigned csr = 0x7f80;
    unsigned short control = 0xf7f;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm7, %%xmm7; pcmpeqd %%xmm15, %%xmm15"
                     :
                     :
                     : "xmm0", "xmm7", "xmm15");
    __asm__ volatile("ldmxcsr %0; fninit; fldcw %1; fldpi; fldpi" : : "m"(csr), "m"(control));
}
int main(void) {
    signal(SIGUSR1, on);
    signal(SIGALRM, on);
    unsigned long in[2] = {0x1111222233334444, 0x5555666677778888}, out[6] = {0};
    unsigned csr = 0x3f80, csr_after = 0;
    unsigned short control = 0x27f, control_after = 0;
    double x87 = 0;
    long nr = SYS_tgkill;
    __asm__ volatile(
        "ldmxcsr %[csr]; fninit; fldcw %[cw]; fld1; fld1; faddp;"
        "movdqu %[in], %%xmm0; movdqu %[in], %%xmm7; movdqu %[in], %%xmm15; syscall;"
        "movdqu %%xmm0, %[o0]; movdqu %%xmm7, %[o1]; movdqu %%xmm15, %[o2];"
        "stmxcsr %[csra]; fnstcw %[cwa]; fstpl %[x]"
        : [o0] "=m"(*(__m128i*)&out[0]), [o1] "=m"(*(__m128i*)&out[2]), [o2] "=m"(*(__m128i*)&out[4]),
          [csra] "=m"(csr_after), [cwa] "=m"(control_after), [x] "=m"(x87), "+a"(nr)
        : [in] "m"(*(__m128i*)in), [csr] "m"(csr), [cw] "m"(control), "D"((long)getpid()),
          "S"((long)gettid()), "d"((long)SIGUSR1)
        : "rcx", "r11", "xmm0", "xmm7", "xmm15", "memory");
    for (int i = 0; i < 6; i++) HEX(out[i]);
    HEX(csr_after);
    HEX(control_after);
    say("%.1f\n", x87);
    csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0; fninit" : : "m"(csr));
    struct itimerval timer = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    int wrong = 0;
    long long until = now_ms() + 60;
    while (now_ms() < until) {
        unsigned long back[2];
        __asm__ volatile("movdqu %1, %%xmm7; mov $20000, %%ecx; 1: dec %%ecx; jnz 1b; movdqu %%xmm7, %0"
                         : "=m"(*(__m128i*)back)
                         : "m"(*(__m128i*)in)
                         : "ecx", "xmm7", "cc");
        wrong += back[0] != in[0] || back[1] != in[1];
    }
    timer = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
    signal(SIGALRM, SIG_DFL);
    alarm(20);
    NUM(wrong);
    return 0;
}
