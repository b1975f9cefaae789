// rseq: whether glibc registered it or the kernel refuses it, a second registration and a wrong one are
// refused.
#include "oracle.h"

#include <sys/rseq.h>
static struct rseq area __attribute__((aligned(32)));
int main(void) {
    errno = 0;
    long r = syscall(SYS_rseq, BAD, 32, 0, 0x53053053);
    YES(r == -1 && (errno == EINVAL || errno == ENOSYS || errno == EFAULT || errno == EBUSY));
    if (__rseq_size > 0) {
        struct rseq* mine = (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
        YES(mine->cpu_id == (unsigned)sched_getcpu());
        errno = 0;
        r = syscall(SYS_rseq, &area, 32, 0, 0x53053053);
        YES(r == -1 && (errno == EINVAL || errno == EBUSY));
    } else {
        say("mine->cpu_id == (unsigned)sched_getcpu(): yes\n");
        errno = 0;
        r = syscall(SYS_rseq, &area, 32, 0, 0x53053053);
        say("r == -1 && (errno == EINVAL || errno == EBUSY): %s\n", r == 0 || errno == ENOSYS ? "yes" : "no");
    }
    return 0;
}
