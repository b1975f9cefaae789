// SIGBUS past the end of a mapped file, BUS_ADRERR with the address; gone when the file grows, back when it
// shrinks.
#include "oracle.h"

#include <setjmp.h>
static sigjmp_buf back;
static siginfo_t seen;
static void on(int s, siginfo_t* info, void* c) {
    (void)s, (void)c;
    seen = *info;
    siglongjmp(back, 1);
}
static void touch(const char* what, volatile char* p, int write_it) {
    if (sigsetjmp(back, 1) == 0) {
        if (write_it) *p = 'w';
        say("%s: value %d\n", what, *p);
    } else
        say("%s: %s code %s address %d\n", what, signal_name(seen.si_signo),
            seen.si_code == BUS_ADRERR ? "BUS_ADRERR" : "other", seen.si_addr == p);
}
static void try_mapping(int fd, int flags) {
    ftruncate(fd, 5000);
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, flags, fd, 0));
    touch("inside", p + 4999, 0);
    touch("rest of the last page", p + 8191, 0);
    touch("write to the rest of the last page", p + 8190, 1);
    touch("next page", p + 8192, 0);
    touch("next page, write", p + 8200, 1);
    ftruncate(fd, 16384);
    touch("after growing", p + 8192, 0);
    ftruncate(fd, 4096);
    touch("after shrinking", p + 8192, 0);
    touch("after shrinking, once valid", p + 4999, 0);
    touch("first page", p, 0);
    munmap(p, 4 * 4096);
}
int main(void) {
    scratch();
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    try_mapping(fd, MAP_SHARED);
    try_mapping(MUST(memfd_create("m", 0)), MAP_SHARED);
    ftruncate(fd, 0);
    try_mapping(fd, MAP_PRIVATE);
    return 0;
}
