// An ordinary user may shuffle its three ids and nothing else.
#include "oracle.h"

#include <sys/fsuid.h>
int main(void) {
    RUNS("ordinary", {
        become_ordinary();
        uid_t id = getuid();
        gid_t gid = getgid();
        uid_t r;
        uid_t e;
        uid_t s;
        OK(getresuid(&r, &e, &s));
        YES(r == id && e == id && s == id);
        OK(setuid(id));
        OK(setgid(gid));
        OK(setreuid(-1, -1));
        OK(setresuid(id, -1, id));
        OK(setresgid(-1, gid, gid));
        OK(setuid(0));
        OK(setgid(0));
        OK(setreuid(0, -1));
        OK(setresuid(-1, -1, 0));
        OK(setresgid(0, -1, -1));
        OK(seteuid(0));
        OK(setegid(0));
        gid_t list[1] = {gid};
        OK(setgroups(1, list));
        YES((uid_t)setfsuid(id) == id);
        YES((uid_t)setfsuid(0) == id);
        YES((uid_t)setfsuid(-1) == id);
        YES((gid_t)setfsgid(-1) == gid);
        OK(setuid(-1));
        OK(syscall(SYS_getresuid, BAD, &e, &s));
        OK(chroot("/"));
        OK(sethostname("x", 1));
        OK(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
        OK(syscall(SYS_umount2, "/tmp", 0));
        OK(syscall(SYS_reboot, 0, 0, 0, NULL));
        OK(syscall(SYS_pivot_root, "/", "/"));
    });
    return 0;
}
