// uname: a Linux on x86_64; sethostname and setdomainname refuse an ordinary user and wrong lengths.
#include "oracle.h"

#include <sys/utsname.h>
int main(void) {
    struct utsname u;
    OK(uname(&u));
    STR(u.sysname);
    STR(u.machine);
    int major = 0, minor = 0;
    NUM(sscanf(u.release, "%d.%d", &major, &minor));
    YES(major > 6 || (major == 6 && minor >= 1) || major == 5);
    char name[65];
    OK(gethostname(name, sizeof name));
    YES(strcmp(name, u.nodename) == 0);
    OK(syscall(SYS_uname, BAD));
    RUNS("ordinary", become_ordinary(); OK(sethostname("a", 1)); OK(setdomainname("a", 1)));
    return 0;
}
