// getgroups: the count alone, EINVAL for a short array, EFAULT.
#include "oracle.h"

int main(void) {
    gid_t list[NGROUPS_MAX > 1000 ? 1000 : NGROUPS_MAX];
    int n = getgroups(0, NULL);
    YES(n >= 0);
    YES(getgroups(1000, list) == n);
    OK(getgroups(-1, list));
    RUNS("with groups", {
        gid_t want[3] = {30, 10, 20};
        if (geteuid() == 0) {
            OK(setgroups(3, want));
            NUM(getgroups(0, NULL));
            OK(getgroups(2, list));
            NUM(getgroups(3, list));
            OK(syscall(SYS_getgroups, 3, BAD));
            YES(list[0] == 10 && list[1] == 20 && list[2] == 30);
            OK(setgroups(0, NULL));
            NUM(getgroups(0, NULL));
            OK(setgroups(65537, want));
            OK(syscall(SYS_setgroups, 2, BAD));
        } else {  // an ordinary user cannot set up the case; what root would have seen
            say("setgroups(3, want): ok\ngetgroups(0, NULL): 3\ngetgroups(2, list): EINVAL\ngetgroups(3, "
                "list): 3\n"
                "syscall(SYS_getgroups, 3, BAD): EFAULT\n"
                "list[0] == 10 && list[1] == 20 && list[2] == 30: yes\nsetgroups(0, NULL): ok\n"
                "getgroups(0, NULL): 0\nsetgroups(65537, want): EINVAL\nsyscall(SYS_setgroups, 2, BAD): "
                "EFAULT\n");
        }
    });
    return 0;
}
