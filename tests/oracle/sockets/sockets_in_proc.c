// /proc/self/fd names sockets; fstat gives a socket; /proc/net/tcp and unix list them.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    MUST(bind(s, (void*)&a, sizeof a));
    MUST(listen(s, 5));
    MUST(getsockname(s, (void*)&a, &length));
    char path[64], link[64] = "", wanted[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", s);
    readlink(path, link, sizeof link - 1);
    struct stat st;
    fstat(s, &st);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", (unsigned long)st.st_ino);
    YES(strcmp(link, wanted) == 0);
    OK(open(path, O_RDWR));
    FILE* f = fopen("/proc/net/tcp", "r");
    snprintf(wanted, sizeof wanted, "0100007F:%04X 00000000:0000 0A", ntohs(a.sin_port));
    char line[512];
    int found = 0;
    while (f && fgets(line, sizeof line, f)) found += strstr(line, wanted) != NULL;
    NUM(found);
    OK(access("/proc/net/unix", R_OK));
    OK(access("/proc/net/udp", R_OK));
    OK(access("/proc/net/tcp6", R_OK));
    return 0;
}
