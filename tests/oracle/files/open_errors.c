// open: the errors that permissions, links and names give.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
int main(void) {
    scratch();
    give_scratch();
    static char name[5000];
    memset(name, 'a', 256);
    OK(open(name, O_RDONLY));
    name[255] = 0;
    OK(open(name, O_RDONLY));
    OK(open(name, O_RDWR | O_CREAT, 0600));
    memset(name, '/', 4999);
    OK(open(name, O_RDONLY));
    name[4095] = 0;
    OK(open(name, O_RDONLY));
    symlink("loop2", "loop1");
    symlink("loop1", "loop2");
    symlink("nowhere", "dangling");
    OK(open("loop1", O_RDONLY));
    OK(open("loop1/x", O_RDONLY));
    OK(open("dangling", O_RDONLY));
    OK(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
    OK(open("dangling", O_RDONLY | O_NOFOLLOW));
    OK(open("dangling", O_RDWR | O_CREAT, 0600));
    OK(access("nowhere", F_OK));
    put_file("file", "x");
    OK(open("file/x", O_RDONLY));
    OK(open("file/..", O_RDONLY));
    OK(open("missing/../file", O_RDONLY));
    OK(open(BAD, O_RDONLY));
    OK(open("fifo", O_RDWR));
    mkfifo("fifo", 0600);
    OK(open("fifo", O_WRONLY | O_NONBLOCK));
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    OK(bind(s, (void*)&address, sizeof address));
    OK(open("socket", O_RDONLY));
    RUNS("ordinary", {
        become_ordinary();
        put_file("mine", "x");
        chmod("mine", 0);
        OK(open("mine", O_RDONLY));
        OK(open("mine", O_WRONLY));
        chmod("mine", 0200);
        OK(open("mine", O_RDONLY));
        OK(open("mine", O_WRONLY));
        OK(open("mine", O_RDWR));
        mkdir("dir", 0700);
        put_file("dir/x", "x");
        chmod("dir", 0400);
        OK(open("dir/x", O_RDONLY));
        OK(open("dir/new", O_RDWR | O_CREAT, 0600));
        OK(open("dir", O_RDONLY));
        chmod("dir", 0500);
        OK(open("dir/x", O_RDONLY));
        OK(open("dir/new", O_RDWR | O_CREAT, 0600));
        OK(unlink("dir/x"));
        chmod("dir", 0300);
        OK(open("dir", O_RDONLY));
        OK(open("dir/new", O_RDWR | O_CREAT, 0600));
        OK(open("/proc/1/mem", O_RDWR) == -1 ? -1 : 0);
        OK(open("/etc/passwd", O_WRONLY));
        OK(open("/oracle-new", O_RDWR | O_CREAT, 0600));
        chmod("dir", 0700);
    });
    return 0;
}
