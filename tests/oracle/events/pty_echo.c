// Echo as the terminal shows it: control characters, erasing, ECHOE, ECHOK, ECHONL, ECHOCTL.
#include "oracle.h"

#include <pty.h>
#include <termios.h>
static int master, slave;
static void show(const char* title, const char* text) {
    char out[128];
    write(master, text, strlen(text));
    struct pollfd settle = {slave, POLLIN, 0};
    poll(&settle, 1, 0);  // the input has been through the line discipline
    say("%s:", title);
    struct pollfd p = {master, POLLIN, 0};
    while (poll(&p, 1, 30) == 1) {
        ssize_t n = read(master, out, sizeof out);
        for (ssize_t i = 0; i < n; i++) say(out[i] > 32 && out[i] < 127 ? "%c" : "<%d>", out[i]);
    }
    say("\n");
    tcflush(slave, TCIFLUSH);
}
int main(void) {
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct termios t;
    tcgetattr(slave, &t);
    signal(SIGINT, SIG_IGN);
    show("plain", "ab\n");
    show("erase", "abc\177\177\n");
    show("erase nothing", "\177\n");
    show("control", "\001\002\n");
    show("erase control", "\001\177x\n");
    show("kill", "abc\025d\n");
    show("word", "one two\027\n");
    show("tab", "a\tb\177\n");
    show("reprint", "ab\022c\n");
    t.c_lflag &= ~ECHOE;
    tcsetattr(slave, TCSANOW, &t);
    show("without ECHOE", "abc\177\n");
    t.c_lflag &= ~(ECHOCTL | ECHOKE);
    tcsetattr(slave, TCSANOW, &t);
    show("without ECHOCTL", "\001x\025\n");
    t.c_lflag &= ~ECHO;
    t.c_lflag |= ECHONL;
    tcsetattr(slave, TCSANOW, &t);
    show("only ECHONL", "abc\n");
    t.c_oflag &= ~OPOST;
    tcsetattr(slave, TCSANOW, &t);
    write(slave, "x\ny", 3);
    show("without OPOST", "");
    t.c_oflag |= OPOST | OCRNL;
    t.c_oflag &= ~ONLCR;
    tcsetattr(slave, TCSANOW, &t);
    write(slave, "x\ry\n", 4);
    show("OCRNL", "");
    t.c_iflag |= IUCLC | ISTRIP;
    t.c_lflag |= ECHO | IEXTEN;
    tcsetattr(slave, TCSANOW, &t);
    show("ISTRIP IUCLC", "AB\341\n");
    return 0;
}
