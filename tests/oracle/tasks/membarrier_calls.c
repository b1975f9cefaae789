// membarrier: a private barrier needs registration; the errors.
#include "oracle.h"

#include <linux/membarrier.h>
static long membarrier(int command, unsigned flags, int cpu) {
    return syscall(SYS_membarrier, command, flags, cpu);
}
int main(void) {
    long commands = membarrier(MEMBARRIER_CMD_QUERY, 0, 0);
    if (commands < 0) {
        YES(errno == ENOSYS);
        return 0;
    }
    YES(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    YES(commands & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    OK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    OK(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
    OK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    OK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
    OK(membarrier(MEMBARRIER_CMD_QUERY, 1, 0));
    OK(membarrier(1 << 30, 0, 0));
    RUNS("forked", OK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)));
    return 0;
}
