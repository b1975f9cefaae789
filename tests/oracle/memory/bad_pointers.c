// EFAULT: bad pointers in many calls, and buffers that run into unmapped or read-only memory.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "0123456789");
    int fd = MUST(open("f", O_RDWR));
    char* p = MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(p + 4096, 4096);
    const char* constant = "constant";
    OK(read(fd, BAD, 4));
    OK(write(fd, BAD, 4));
    OK(read(fd, (void*)constant, 4));
    OK(open(BAD, O_RDONLY));
    OK(syscall(SYS_stat, "f", BAD));
    OK(syscall(SYS_pipe, BAD));
    OK(getcwd(p + 4095, 2) ? 0 : -1);
    OK(syscall(SYS_getcwd, BAD, 100));
    OK(syscall(SYS_nanosleep, p + 4096, NULL));
    OK(syscall(SYS_poll, BAD, 1, 0));
    OK(readlink("/proc/self/exe", BAD, 100));
    OK(writev(fd, BAD, 2));
    OK(syscall(SYS_getdents64, fd, BAD, 100));
    OK(syscall(SYS_uname, (void*)0xffff800000000000ul));
    OK(write(fd, (void*)0xffff800000000000ul, 4));
    OK(write(fd, (void*)0x8000000000000000ul, 4));
    OK(read(fd, (void*)-4096l, 4));
    memset(p, 'a', 4096);
    OK(open(p, O_RDONLY));
    OK(open(p + 4000, O_RDONLY));
    int ends[2];
    MUST(pipe(ends));
    NUM(write(ends[1], p + 4090, 6));
    OK(write(ends[1], p + 4096, 6));
    OK(read(ends[0], p + 4096, 6));
    NUM(read(ends[0], p, 0));
    NUM(write(fd, NULL, 0));
    NUM(read(fd, NULL, 0));
    return 0;
}
