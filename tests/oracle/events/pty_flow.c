// XON and XOFF: Ctrl-S holds output, Ctrl-Q lets it go; tcflow does the same.
#include "oracle.h"

#include <pty.h>
#include <termios.h>
static int master, slave;
static void ready(const char* when) {
    struct pollfd p = {master, POLLIN, 0};
    say("%s: %d\n", when, poll(&p, 1, 50));
}
static void until(int writable) {  // the character has been through the line discipline
    for (int i = 0; i < 5000; i++) {
        struct pollfd p = {slave, POLLOUT, 0};
        if (poll(&p, 1, 0) == writable) return;
        sleep_ms(1);
    }
    say("never became %d\n", writable);
}
int main(void) {
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct termios t;
    char text[64];
    tcgetattr(slave, &t);
    t.c_lflag &= ~ECHO;
    tcsetattr(slave, TCSANOW, &t);
    fcntl(slave, F_SETFL, O_NONBLOCK);
    write(master, "\023", 1);
    until(0);
    OK(write(slave, "held", 4));
    ready("after Ctrl-S");
    write(master, "\021", 1);
    until(1);
    OK(write(slave, "free", 4));
    ready("after Ctrl-Q");
    NUM(read(master, text, sizeof text));
    OK(tcflow(slave, TCOOFF));
    OK(write(slave, "held", 4));
    OK(tcflow(slave, TCOON));
    OK(write(slave, "more", 4));
    NUM(read(master, text, sizeof text));
    OK(tcflow(slave, 9));
    return 0;
}
