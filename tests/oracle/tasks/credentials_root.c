// What root's set-id calls do: all three ids, saved ids that allow a way back, and capabilities that go with
// the last.
#include "oracle.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
static const char* ids(void) {
    static char text[64];
    uid_t r, e, s;
    getresuid(&r, &e, &s);
    snprintf(text, sizeof text, "%d %d %d", r, e, s);
    return text;
}
static int capable(void) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    syscall(SYS_capget, &h, d);
    return !!(d[0].effective & 1) * 2 + !!(d[0].permitted & 1);
}
int main(void) {
    if (geteuid() != 0) {  // what root would have seen
        say("seteuid: 0 1000 0 capable 1\nback: 0 0 0 capable 3\nsetuid from 0: 1000 1000 1000 capable "
            "0\nsetuid(0): EPERM\n"
            "setreuid(5, 6): 5 6 6\nsetreuid(6, 5): 6 5 5\nsetuid(0): EPERM\nsetresuid: 1 2 3 capable 0\n"
            "setresuid(3, 1, 2): 3 1 2\nsetresuid(4, -1, -1): EPERM\nkeepcaps: 1000 1000 1000 capable "
            "1\nfile system id: 0 55\n"
            "setgid: 7 7 7\na: exited 0\nb: exited 0\nc: exited 0\nd: exited 0\n");
        return 0;
    }
    const char* ends = "abcd";
    int done[4];
    pid_t p = CHILD({
        seteuid(1000);
        say("seteuid: %s capable %d\n", ids(), capable());
        seteuid(0);
        say("back: %s capable %d\n", ids(), capable());
        setuid(1000);
        say("setuid from 0: %s capable %d\n", ids(), capable());
        OK(setuid(0));
    });
    waitpid(p, &done[0], 0);
    p = CHILD({
        setreuid(5, 6);
        say("setreuid(5, 6): %s\n", ids());
        setreuid(6, 5);
        say("setreuid(6, 5): %s\n", ids());
        OK(setuid(0));
    });
    waitpid(p, &done[1], 0);
    p = CHILD({
        setresuid(1, 2, 3);
        say("setresuid: %s capable %d\n", ids(), capable());
        setresuid(3, 1, 2);
        say("setresuid(3, 1, 2): %s\n", ids());
        OK(setresuid(4, -1, -1));
    });
    waitpid(p, &done[2], 0);
    p = CHILD({
        prctl(PR_SET_KEEPCAPS, 1);
        setresuid(1000, 1000, 1000);
        say("keepcaps: %s capable %d\n", ids(), capable());
    });
    waitpid(p, &done[3], 0);
    p = CHILD({
        int old = setfsuid(55);
        say("file system id: %d %d\n", old, setfsuid(-1));
        setgid(7);
        gid_t r;
        gid_t e;
        gid_t s;
        getresgid(&r, &e, &s);
        say("setgid: %d %d %d\n", r, e, s);
    });
    waitpid(p, NULL, 0);
    for (int i = 0; i < 4; i++) say("%c: %s\n", ends[i], status_text(done[i]));
    return 0;
}
