// The name of a Unix socket in the file system: relative to the current directory, renamed, linked, through a
// symlink.
#include "oracle.h"

#include <sys/socket.h>
#include <sys/un.h>
static int try_connect(const char* path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    int r = connect(s, (void*)&a, sizeof a);
    int e = errno;
    close(s);
    errno = e;
    return r;
}
int main(void) {
    scratch();
    mkdir("d", 0755);
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "d/s"}, b;
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    OK(bind(server, (void*)&a, sizeof a));
    listen(server, 20);
    OK(try_connect("d/s"));
    OK(chdir("d"));
    OK(try_connect("s"));
    OK(try_connect("d/s"));
    OK(rename("s", "t"));
    OK(try_connect("s"));
    OK(try_connect("t"));
    OK(link("t", "hard"));
    OK(symlink("t", "soft"));
    OK(unlink("t"));
    OK(try_connect("hard"));
    OK(try_connect("soft"));
    OK(link("hard", "t"));
    OK(try_connect("soft"));
    socklen_t length = sizeof b;
    OK(getsockname(server, (void*)&b, &length));
    STR(b.sun_path);
    symlink("new", "dangling");
    strcpy(a.sun_path, "dangling");
    OK(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void*)&a, sizeof a));
    OK(bind(server, (void*)&a, sizeof a));
    close(server);
    OK(try_connect("t"));
    struct stat st;
    lstat("t", &st);
    YES(S_ISSOCK(st.st_mode));
    OK(open("t", O_RDONLY));
    OK(truncate("t", 0));
    memset(a.sun_path, 'x', sizeof a.sun_path);
    server = socket(AF_UNIX, SOCK_STREAM, 0);
    OK(bind(server, (void*)&a, sizeof a));
    char name[110] = "";
    memset(name, 'x', 108);
    OK(access(name, F_OK));
    OK(chdir(".."));
    return 0;
}
