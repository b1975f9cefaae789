// Packet mode and flow control: the master learns of flushes, stops and starts.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
static int master, slave;
static void take(void) {
    char text[32] = "";
    struct pollfd p = {master, POLLIN, 0};
    if (poll(&p, 1, 200) != 1) {
        say("nothing\n");
        return;
    }
    ssize_t n = read(master, text, sizeof text);
    say("%zd bytes, status %d %s pri %d\n", n, text[0], text + 1, !!(p.revents & POLLPRI));
}
int main(void) {
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    int on = 1;
    OK(ioctl(master, TIOCPKT, &on));
    write(slave, "data", 4);
    take();
    tcflush(slave, TCIFLUSH);
    take();
    tcflush(slave, TCOFLUSH);
    take();
    struct termios t;
    tcgetattr(slave, &t);
    t.c_iflag &= ~IXON;
    tcsetattr(slave, TCSANOW, &t);
    take();
    t.c_iflag |= IXON;
    tcsetattr(slave, TCSANOW, &t);
    take();
    on = 0;
    OK(ioctl(master, TIOCPKT, &on));
    OK(ioctl(slave, TIOCPKT, &on));
    return 0;
}
