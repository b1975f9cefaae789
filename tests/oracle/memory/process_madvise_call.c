// process_madvise: advice for oneself through a pidfd; the errors.
#include "oracle.h"

int main(void) {
    char* p = MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(p, 'x', 8192);
    int fd = MUST(syscall(SYS_pidfd_open, getpid(), 0));
    struct iovec v[2] = {{p, 4096}, {p + 4096, 4096}};
    NUM(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 0));
    NUM(p[0]);
    OK(syscall(SYS_process_madvise, fd, v, 2, MADV_COLD, 1));
    OK(syscall(SYS_process_madvise, -1, v, 2, MADV_COLD, 0));
    OK(syscall(SYS_process_madvise, 0, v, 2, MADV_COLD, 0));
    OK(syscall(SYS_process_madvise, fd, BAD, 2, MADV_COLD, 0));
    OK(syscall(SYS_process_madvise, fd, v, 2000, MADV_COLD, 0));
    return 0;
}
