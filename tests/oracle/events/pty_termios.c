// termios: the defaults of a new terminal, what is kept, the three ways to set, speeds, window size, errors.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
int main(void) {
    int master, slave;
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct termios t, u;
    OK(tcgetattr(slave, &t));
    HEX(t.c_iflag);
    HEX(t.c_oflag);
    HEX(t.c_cflag & ~CBAUD);
    HEX(t.c_lflag);
    for (int i = 0; i < 17; i++) say("%d ", t.c_cc[i]);
    say("\n");
    NUM(cfgetospeed(&t));
    t.c_lflag &= ~(ICANON | ECHO);
    t.c_cc[VMIN] = 5;
    OK(tcsetattr(slave, TCSADRAIN, &t));
    OK(tcgetattr(master, &u));
    YES(u.c_lflag == t.c_lflag && u.c_cc[VMIN] == 5);
    cfsetspeed(&t, B115200);
    OK(tcsetattr(slave, TCSAFLUSH, &t));
    OK(tcgetattr(slave, &u));
    YES(cfgetospeed(&u) == B115200);
    OK(tcsetattr(slave, 9, &t));
    struct winsize w = {0};
    OK(ioctl(slave, TIOCGWINSZ, &w));
    say("%d %d\n", w.ws_row, w.ws_col);
    w = (struct winsize){.ws_row = 24, .ws_col = 80};
    OK(ioctl(master, TIOCSWINSZ, &w));
    memset(&w, 0, sizeof w);
    OK(ioctl(slave, TIOCGWINSZ, &w));
    say("%d %d\n", w.ws_row, w.ws_col);
    int ends[2];
    pipe(ends);
    OK(tcgetattr(ends[0], &t));
    OK(ioctl(ends[0], TIOCGWINSZ, &w));
    OK(ioctl(slave, TCGETS, BAD));
    OK(ioctl(slave, 0x5499, 0));
    OK(ioctl(99, TCGETS, &t));
    OK(tcgetattr(MUST(open("/dev/null", O_RDWR)), &t));
    OK(tcflush(slave, 9));
    OK(tcsendbreak(slave, 0));
    OK(lseek(slave, 0, SEEK_SET));
    int n = -1;
    OK(ioctl(slave, TIOCOUTQ, &n));
    NUM(n);
    OK(ioctl(slave, TIOCEXCL, 0));
    RUNS("ordinary", become_ordinary(); char name[64]; ptsname_r(master, name, sizeof name);
         int e = open(name, O_RDWR | O_NOCTTY) < 0 ? errno : 0; YES(e == EBUSY || e == EACCES));
    return 0;
}
