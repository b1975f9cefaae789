// capget and capset: versions, one's own sets, dropping, and that what is dropped does not come back.
#include "oracle.h"

#include <linux/capability.h>
static long cap(int nr, struct __user_cap_header_struct* h, void* d) {
    return syscall(nr, h, d);
}
int main(void) {
    struct __user_cap_header_struct header = {.version = 0};
    struct __user_cap_data_struct data[2];
    OK(cap(SYS_capget, &header, NULL));
    HEX(header.version);
    header.version = 0x12345;
    OK(cap(SYS_capget, &header, data));
    HEX(header.version);
    header.pid = -1;
    OK(cap(SYS_capget, &header, data));
    header.pid = 0;
    OK(cap(SYS_capget, &header, data));
    OK(cap(SYS_capget, BAD, data));
    OK(cap(SYS_capget, &header, BAD));
    RUNS("ordinary", {
        become_ordinary();
        OK(cap(SYS_capget, &header, data));
        HEX(data[0].effective | data[1].effective);
        HEX(data[0].permitted | data[1].permitted);
        data[0].effective = 1;
        OK(cap(SYS_capset, &header, data));
        data[0].effective = 0;
        data[0].permitted = 2;
        OK(cap(SYS_capset, &header, data));
        data[0].permitted = 0;
        OK(cap(SYS_capset, &header, data));
        header.pid = getppid();
        OK(cap(SYS_capset, &header, data));
        NUM(prctl(PR_CAPBSET_READ, CAP_LAST_CAP + 1));
        OK(prctl(PR_CAPBSET_DROP, 0));
        NUM(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
        OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0));
        NUM(prctl(PR_GET_SECUREBITS));
    });
    return 0;
}
