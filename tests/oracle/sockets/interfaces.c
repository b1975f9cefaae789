// The interfaces a program sees: loopback is up with its addresses; ioctls and if_nametoindex agree.
#include "oracle.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "lo"};
    OK(ioctl(s, SIOCGIFFLAGS, &r));
    YES((r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING)) == (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
    OK(ioctl(s, SIOCGIFADDR, &r));
    YES(((struct sockaddr_in*)&r.ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    OK(ioctl(s, SIOCGIFINDEX, &r));
    NUM(r.ifr_ifindex);
    OK(ioctl(s, SIOCGIFMTU, &r));
    NUM(r.ifr_mtu);
    NUM(if_nametoindex("lo"));
    char name[IF_NAMESIZE] = "";
    YES(if_indextoname(1, name) != NULL);
    STR(name);
    strcpy(r.ifr_name, "nosuch0");
    OK(ioctl(s, SIOCGIFFLAGS, &r));
    RUNS("ordinary", become_ordinary(); strcpy(r.ifr_name, "lo"); r.ifr_flags = 0;
         OK(ioctl(s, SIOCSIFFLAGS, &r)));
    return 0;
}
