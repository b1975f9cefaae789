// socket and socketpair: domains, types and protocols that are refused; flags.
#include "oracle.h"

#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
    int pair[2];
    OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    OK(socket(AF_UNIX, SOCK_RAW, 0));
    OK(socket(AF_UNIX, SOCK_RDM, 0));
    OK(socket(AF_UNIX, SOCK_STREAM, 1));
    OK(socket(AF_UNIX, SOCK_STREAM, 5));
    OK(socket(999, SOCK_STREAM, 0));
    OK(socket(AF_INET, 77, 0));
    OK(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    OK(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
    OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    OK(socket(AF_INET, SOCK_SEQPACKET, IPPROTO_TCP));
    OK(socket(-1, SOCK_STREAM, 0));
    int s = OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    NUM(fcntl(s, F_GETFD));
    YES((fcntl(s, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(s, F_GETFL) & O_ACCMODE) == O_RDWR);
    OK(socketpair(AF_INET, SOCK_STREAM, 0, pair));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 7, pair));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));
    OK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
    OK(socketpair(AF_UNIX, SOCK_STREAM | 0x10000, 0, pair));
    RUNS("ordinary", become_ordinary(); OK(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
         OK(socket(AF_PACKET, SOCK_RAW, 0)));
    OK(bind(99, NULL, 0));
    OK(listen(0, 1) == -1 ? -1 : 0);
    int ends[2];
    pipe(ends);
    OK(listen(ends[0], 1));
    OK(connect(ends[0], NULL, 0));
    OK(send(ends[1], "x", 1, 0));
    OK(getsockname(ends[0], NULL, NULL));
    OK(shutdown(ends[0], SHUT_RD));
    OK(accept(ends[0], NULL, NULL));
    struct stat st;
    fstat(s, &st);
    YES(S_ISSOCK(st.st_mode));
    OK(lseek(s, 0, SEEK_SET));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, s, 0));
    return 0;
}
