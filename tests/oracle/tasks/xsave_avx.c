// AVX and AVX-512 registers survive a handler that overwrites them (where the processor has them).
#include "oracle.h"

#include <immintrin.h>
static unsigned char in[8][64], out[8][64];
__attribute__((target("avx"))) static void spoil_avx(void) {
    __asm__ volatile("vxorps %%ymm0, %%ymm0, %%ymm0; vxorps %%ymm9, %%ymm9, %%ymm9; vzeroall" : : : "memory");
}
__attribute__((target("avx512f"))) static void spoil_512(void) {
    __asm__ volatile(
        "vpxorq %%zmm3, %%zmm3, %%zmm3; vpxorq %%zmm31, %%zmm31, %%zmm31; kxnorw %%k3, %%k3, %%k3"
        :
        :
        : "memory");
}
static void on(int s) {
    if (s == SIGUSR1) spoil_avx();
    if (s == SIGUSR2) spoil_512();
}
__attribute__((target("avx"))) static void try_avx(void) {
    long nr = SYS_tgkill;
    __asm__ volatile(
        "vmovups %[a], %%ymm0; vmovups %[b], %%ymm9; syscall; vmovups %%ymm0, %[x]; vmovups %%ymm9, %[y]; "
        "vzeroupper"
        : [x] "=m"(*(__m256*)out[0]), [y] "=m"(*(__m256*)out[1]), "+a"(nr)
        : [a] "m"(*(__m256*)in[0]), [b] "m"(*(__m256*)in[1]), "D"((long)getpid()), "S"((long)gettid()),
          "d"((long)SIGUSR1)
        : "rcx", "r11", "xmm0", "xmm9", "memory");
}
__attribute__((target("avx512f"))) static unsigned try_512(void) {
    long nr = SYS_tgkill;
    unsigned k = 0;
    __asm__ volatile(
        "mov $0x5a5a, %%ecx; kmovw %%ecx, %%k3; vmovups %[a], %%zmm3; vmovups %[b], %%zmm31; syscall;"
        "vmovups %%zmm3, %[x]; vmovups %%zmm31, %[y]; kmovw %%k3, %[k]; vzeroupper"
        : [x] "=m"(*(__m512*)out[0]), [y] "=m"(*(__m512*)out[1]), "+a"(nr), [k] "=&r"(k)
        : [a] "m"(*(__m512*)in[0]), [b] "m"(*(__m512*)in[1]), "D"((long)getpid()), "S"((long)gettid()),
          "d"((long)SIGUSR2)
        : "rcx", "r11", "xmm3", "memory");
    return k;
}
int main(void) {
    for (size_t i = 0; i < sizeof in; i++) in[i / 64][i % 64] = i * 7 + 3;
    signal(SIGUSR1, on);
    signal(SIGUSR2, on);
    if (__builtin_cpu_supports("avx")) {
        try_avx();
        YES(memcmp(in[0], out[0], 32) == 0 && memcmp(in[1], out[1], 32) == 0);
    }
    if (__builtin_cpu_supports("avx512f")) {
        unsigned k = try_512();
        HEX(k);
        YES(memcmp(in[0], out[0], 64) == 0 && memcmp(in[1], out[1], 64) == 0);
    }
    say("done\n");
    return 0;
}
