// Seals: what each forbids, that they only add up, and their errors.
#include "oracle.h"

int main(void) {
    int plain = MUST(memfd_create("p", 0));
    NUM(fcntl(plain, F_GET_SEALS));
    OK(fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE));
    int fd = MUST(memfd_create("s", MFD_ALLOW_SEALING));
    NUM(fcntl(fd, F_GET_SEALS));
    ftruncate(fd, 8192);
    write(fd, "text", 4);
    OK(fcntl(fd, F_ADD_SEALS, 0x1000));
    char* p = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    OK(pwrite(fd, "x", 1, 0));
    strcpy(p, "by memory");
    OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    munmap(p, 4096);
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    OK(ftruncate(fd, 4096));
    OK(ftruncate(fd, 12288));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    OK(ftruncate(fd, 16384));
    OK(ftruncate(fd, 12288));
    OK(fallocate(fd, 0, 0, 20000));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    NUM(fcntl(fd, F_GET_SEALS));
    OK(pwrite(fd, "x", 1, 0));
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
    OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    NUM(fcntl(fd, F_GET_SEALS));
    int ends[2];
    pipe(ends);
    OK(fcntl(ends[0], F_GET_SEALS));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", plain);
    OK(fcntl(MUST(open(path, O_RDONLY)), F_ADD_SEALS, F_SEAL_WRITE));
    return 0;
}
