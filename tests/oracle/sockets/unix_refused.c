// A Unix socket that nobody listens on any more refuses; a full backlog blocks or is EAGAIN; permissions
// count.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    scratch();
    give_scratch();
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s"};
    int server = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    bind(server, (void*)&address, sizeof address);
    listen(server, 0);
    int ok = 0, error = 0;
    for (int i = 0; i < 5; i++) {
        int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(c, (void*)&address, sizeof address) == 0)
            ok++;
        else
            error = errno;
    }
    NUM(ok);
    STR(errno_name(error));
    close(server);
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    OK(connect(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), (void*)&address, sizeof address));
    unlink("s");
    server = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    bind(server, (void*)&address, sizeof address);
    listen(server, 1);
    OK(connect(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), (void*)&address, sizeof address));
    OK(connect(MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0)), (void*)&address, sizeof address));
    address.sun_family = AF_INET;
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    address.sun_family = AF_UNIX;
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, 1));
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, 2));
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, 200));
    OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), BAD, sizeof address));
    strcpy(address.sun_path, "missing/s");
    OK(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    RUNS("ordinary", {
        become_ordinary();
        strcpy(address.sun_path, "mine");
        int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
        OK(bind(s, (void*)&address, sizeof address));
        listen(s, 5);
        chmod("mine", 0);
        OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
        chmod("mine", 0200);
        OK(connect(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
        strcpy(address.sun_path, "/oracle-socket");
        OK(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    });
    struct stat st;
    strcpy(address.sun_path, "mode");
    umask(027);
    OK(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (void*)&address, sizeof address));
    stat("mode", &st);
    OCT(st.st_mode);
    return 0;
}
