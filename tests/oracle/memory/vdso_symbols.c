// The vDSO exports the four time functions and getcpu, and they agree with the system calls.
#include "oracle.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
static void* find(const ElfW(Ehdr) * base, const char* name) {
    const ElfW(Phdr)* ph = (void*)((char*)base + base->e_phoff);
    const ElfW(Dyn)* dyn = NULL;
    uintptr_t bias = (uintptr_t)base;
    for (int i = 0; i < base->e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD && ph[i].p_offset == 0) bias = (uintptr_t)base - ph[i].p_vaddr;
        if (ph[i].p_type == PT_DYNAMIC) dyn = (void*)((char*)base + ph[i].p_offset);
    }
    const ElfW(Sym)* symbols = NULL;
    const char* strings = NULL;
    const unsigned* hash = NULL;
    for (; dyn && dyn->d_tag; dyn++) {
        if (dyn->d_tag == DT_SYMTAB) symbols = (void*)(bias + dyn->d_un.d_ptr);
        if (dyn->d_tag == DT_STRTAB) strings = (void*)(bias + dyn->d_un.d_ptr);
        if (dyn->d_tag == DT_HASH) hash = (void*)(bias + dyn->d_un.d_ptr);
    }
    if (!symbols || !strings || !hash) return NULL;
    for (unsigned i = 0; i < hash[1]; i++)
        if (strcmp(strings + symbols[i].st_name, name) == 0) return (void*)(bias + symbols[i].st_value);
    return NULL;
}
int main(void) {
    const ElfW(Ehdr)* base = (void*)getauxval(AT_SYSINFO_EHDR);
    if (!base) return say("no vDSO\n"), 0;
    int (*get)(clockid_t, struct timespec*) = find(base, "__vdso_clock_gettime");
    int (*day)(struct timeval*, void*) = find(base, "__vdso_gettimeofday");
    time_t (*seconds)(time_t*) = find(base, "__vdso_time");
    int (*cpu)(unsigned*, unsigned*, void*) = find(base, "__vdso_getcpu");
    say("%d %d %d %d\n", get != NULL, day != NULL, seconds != NULL, cpu != NULL);
    struct timespec a, b, c;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a);
    if (get) NUM(get(CLOCK_MONOTONIC, &b));
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &c);
    YES((a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec)) &&
        (b.tv_sec < c.tv_sec || (b.tv_sec == c.tv_sec && b.tv_nsec <= c.tv_nsec)));
    if (get) NUM(get(99, &b));
    struct timeval tv;
    if (day) NUM(day(&tv, NULL));
    if (seconds) YES(llabs(seconds(NULL) - tv.tv_sec) <= 1);
    unsigned number = 9999;
    if (cpu) NUM(cpu(&number, NULL, NULL));
    YES((long)number < sysconf(_SC_NPROCESSORS_CONF));
    return 0;
}
