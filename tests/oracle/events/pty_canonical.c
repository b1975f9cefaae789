// The line discipline in canonical mode: editing, kill, end of file, long lines, several lines in one read.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
static int master, slave;
static void feed(const char* text) {
    write(master, text, strlen(text));
}
static void take(int size) {
    char text[300] = "";
    int n = read(slave, text, size);
    say("read %d:", n);
    for (int i = 0; i < n && i < 40; i++) say(text[i] >= 32 && text[i] < 127 ? "%c" : "<%d>", text[i]);
    say("\n");
}
int main(void) {
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct termios t;
    tcgetattr(slave, &t);
    t.c_lflag &= ~ECHO;
    OK(tcsetattr(slave, TCSANOW, &t));
    feed("hellp\177o\n");
    take(100);
    feed("wrong\025right\n");
    take(100);
    feed("two words\027one\n");
    take(100);
    feed("one\ntwo\nthree\n");
    take(100);
    take(2);
    take(100);
    take(100);
    feed("no newline\004");
    take(100);
    feed("\004");
    take(100);
    feed("literal \026\004 next\n");
    take(100);
    feed("carriage\r");
    take(100);
    int n = -1;
    feed("partial");
    OK(fcntl(slave, F_SETFL, O_NONBLOCK));
    OK(read(slave, &n, 1));
    OK(ioctl(slave, FIONREAD, &n));
    NUM(n);
    struct pollfd p = {slave, POLLIN, 0};
    NUM(poll(&p, 1, 0));
    feed(" line\n");
    NUM(poll(&p, 1, 1000));
    OK(ioctl(slave, FIONREAD, &n));
    NUM(n);
    take(100);
    t.c_cc[VEOL] = ';';
    tcsetattr(slave, TCSANOW, &t);
    feed("ends here;rest\n");
    take(100);
    take(100);
    feed("thrown away");
    poll(&p, 1, 0);  // the input has been through the line discipline
    OK(tcflush(slave, TCIFLUSH));
    feed("kept\n");
    take(100);
    return 0;
}
