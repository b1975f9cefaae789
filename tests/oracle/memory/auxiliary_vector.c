// The auxiliary vector is complete and true.
#include "oracle.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
extern char** environ;
int main(int argc, char** argv) {
    (void)argc;
    NUM(getauxval(AT_PAGESZ));
    NUM(getauxval(AT_CLKTCK));
    NUM(getauxval(AT_PHENT));
    YES(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHDR) != 0);
    YES(getauxval(AT_ENTRY) != 0 && getauxval(AT_BASE) != 0);
    YES(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    YES(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    NUM(getauxval(AT_SECURE));
    NUM(getauxval(AT_FLAGS));
    YES(getauxval(AT_RANDOM) != 0);
    YES(strcmp((char*)getauxval(AT_EXECFN), argv[0]) == 0);
    YES(strcmp((char*)getauxval(AT_PLATFORM), "x86_64") == 0);
    YES(getauxval(AT_HWCAP) != 0);
    // Less than the constant where the processor has few vector registers.
    YES(getauxval(AT_MINSIGSTKSZ) >= 1024);
    const ElfW(Ehdr)* vdso = (void*)getauxval(AT_SYSINFO_EHDR);
    YES(vdso && memcmp(vdso->e_ident, ELFMAG, 4) == 0);
    errno = 0;
    getauxval(9999);
    STR(errno_name(errno));
    YES((uintptr_t)environ > (uintptr_t)argv);
    int fd = open("/proc/self/auxv", O_RDONLY);
    ElfW(auxv_t) list[64];
    ssize_t n = read(fd, list, sizeof list);
    int differ = 0;
    for (size_t i = 0; i < n / sizeof list[0] && list[i].a_type; i++)
        differ += list[i].a_type != AT_IGNORE && getauxval(list[i].a_type) != list[i].a_un.a_val;
    YES(n > 200);
    NUM(differ);
    return 0;
}
