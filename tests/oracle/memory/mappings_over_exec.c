// execve drops every mapping; memory behind a descriptor that stays open is still there.
#include "oracle.h"

int main(int argc, char** argv) {
    if (argc > 1) {
        unsigned char v;
        OK(mincore((void*)0x10000000, 4096, &v));
        char* p = OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 50, 0));
        STR(p);
        RUNS("locks are gone", struct rlimit none = {0, 0}; setrlimit(RLIMIT_MEMLOCK, &none);
             OK(munlockall()));
        return 0;
    }
    char* fixed = OK(mmap((void*)0x10000000, 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    fixed[0] = 1;
    int fd = memfd_create("kept", 0);
    ftruncate(fd, 4096);
    char* p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    strcpy(p, "still here");
    dup2(fd, 50);
    close(fd);
    execl(argv[0], argv[0], "x", (char*)NULL);
    return 1;
}
