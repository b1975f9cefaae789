// The controlling terminal: acquired by a session leader's open, TIOCSCTTY's refusals, TIOCNOTTY, the
// leader's end.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
int main(void) {
    int master, slave;
    char name[64];
    int held[2];
    MUST(openpty(&master, &slave, name, NULL, NULL));
    MUST(pipe(held));
    RUNS("by opening", {
        setsid();
        OK(open("/dev/tty", O_RDWR));
        int own = OK(open(name, O_RDWR));
        OK(open("/dev/tty", O_RDWR));
        YES(tcgetsid(own) == getpid());
        RUNS("child inherits", OK(open("/dev/tty", O_RDWR)); OK(ioctl(own, TIOCSCTTY, 0)));
        RUNS("other session", setsid(); OK(open("/dev/tty", O_RDWR)); OK(ioctl(own, TIOCSCTTY, 0));
             OK(tcgetpgrp(own)));
        signal(SIGHUP, SIG_IGN);
        OK(ioctl(own, TIOCNOTTY, 0));
        OK(open("/dev/tty", O_RDWR));
    });
    RUNS("O_NOCTTY", setsid(); OK(open(name, O_RDWR | O_NOCTTY)); OK(open("/dev/tty", O_RDWR)));
    RUNS("not a leader", {
        setsid();
        RUNS("child", OK(ioctl(slave, TIOCSCTTY, 0)); OK(open(name, O_RDWR)); OK(open("/dev/tty", O_RDWR)));
    });
    RUNS("leader ends", {
        setsid();
        OK(ioctl(slave, TIOCSCTTY, 0));
        CHILD({
            close(held[0]);
            for (;;) pause();
        });
    });
    close(held[1]);
    char c;
    NUM(read(held[0], &c, 1));
    RUNS("free for another session", setsid(); OK(ioctl(slave, TIOCSCTTY, 0)));
    return 0;
}
