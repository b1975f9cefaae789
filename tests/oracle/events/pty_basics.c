// Pseudo-terminals: open, unlock, name; bytes pass both ways; echo and newline translation; hang-up.
#include "oracle.h"

#include <sys/ioctl.h>
#include <termios.h>
static int take(int fd, char* text, int wanted) {
    int have = 0;
    for (int n; have < wanted && (n = read(fd, text + have, 63 - have)) > 0;) have += n;
    return have;
}

int main(void) {
    int master = OK(posix_openpt(O_RDWR | O_NOCTTY));
    char name[64];
    ERR(ptsname_r(master, name, sizeof name));
    YES(strncmp(name, "/dev/pts/", 9) == 0);
    OK(open(name, O_RDWR | O_NOCTTY));
    OK(grantpt(master));
    OK(unlockpt(master));
    int slave = OK(open(name, O_RDWR | O_NOCTTY));
    NUM(isatty(slave));
    NUM(isatty(master));
    char again[64];
    ERR(ttyname_r(slave, again, sizeof again));
    YES(strcmp(name, again) == 0);
    char text[64] = "";
    NUM(write(slave, "out\n", 4));
    NUM(take(master, text, 5));
    for (int i = 0; text[i]; i++) say("%d ", text[i]);
    say("\n");
    NUM(write(master, "line\n", 5));
    memset(text, 0, sizeof text);
    NUM(read(slave, text, sizeof text));
    STR(text);
    struct pollfd settle = {slave, POLLIN, 0};
    poll(&settle, 1, 20);
    memset(text, 0, sizeof text);
    NUM(take(master, text, 6));
    for (int i = 0; text[i]; i++) say("%d ", text[i]);
    say("\n");
    int pts = -1;
    OK(ioctl(master, TIOCGPTN, &pts));
    YES(pts == atoi(name + 9));
    int lock = -1;
    OK(ioctl(master, TIOCGPTLCK, &lock));
    NUM(lock);
    int peer = OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    close(peer);
    struct stat st;
    fstat(slave, &st);
    YES(S_ISCHR(st.st_mode) && st.st_uid == geteuid());
    close(slave);
    OK(read(master, text, sizeof text));
    slave = OK(open(name, O_RDWR | O_NOCTTY));
    close(master);
    NUM(read(slave, text, sizeof text));
    OK(write(slave, "x", 1));
    OK(open(name, O_RDWR | O_NOCTTY));
    return 0;
}
