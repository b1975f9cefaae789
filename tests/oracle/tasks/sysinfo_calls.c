// sysinfo, getrandom, getcpu, personality, syslog: values that relate, and their errors.
#include "oracle.h"

#include <sys/personality.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
int main(void) {
    struct sysinfo info;
    OK(sysinfo(&info));
    YES(info.totalram > 0 && info.freeram <= info.totalram && info.procs > 0 && info.mem_unit >= 1);
    YES(info.uptime > 0);
    OK(syscall(SYS_sysinfo, BAD));
    unsigned char a[256] = {0}, b[256] = {0};
    NUM(getrandom(a, sizeof a, 0));
    NUM(getrandom(b, sizeof b, GRND_NONBLOCK));
    YES(memcmp(a, b, sizeof a) != 0);
    NUM(getrandom(a, 0, 0));
    OK(getrandom(a, 8, 0x100));
    OK(getrandom(a, 8, GRND_RANDOM | GRND_INSECURE));
    OK(syscall(SYS_getrandom, BAD, 8, 0));
    NUM(getentropy(a, 256));
    NUM(personality(0xffffffff));
    NUM(personality(ADDR_NO_RANDOMIZE));
    HEX(personality(0xffffffff));
    RUNS("inherited", HEX(personality(0xffffffff)));
    YES(sysconf(_SC_PAGESIZE) == 4096);
    YES(sysconf(_SC_CLK_TCK) == 100);
    YES(sysconf(_SC_PHYS_PAGES) > 0);
    return 0;
}
