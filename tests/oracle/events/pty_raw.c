// Raw mode: VMIN and VTIME in all four combinations; nothing is translated or echoed.
#include "oracle.h"

#include <pty.h>
#include <termios.h>
static int master, slave;
static void set(int min, int tenths) {
    struct termios t;
    tcgetattr(slave, &t);
    cfmakeraw(&t);
    t.c_cc[VMIN] = min;
    t.c_cc[VTIME] = tenths;
    OK(tcsetattr(slave, TCSANOW, &t));
}
int main(void) {
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    char text[32];
    set(1, 0);
    write(master, "\003\004a\r\n", 5);
    NUM(read(slave, text, 32));
    for (int i = 0; i < 5; i++) say("%d ", text[i]);
    say("\n");
    set(0, 0);
    NUM(read(slave, text, 32));
    write(master, "bc", 2);
    NUM(read(slave, text, 32));
    set(0, 1);
    long long start = now_ms();
    NUM(read(slave, text, 32));
    YES(now_ms() - start >= 90);
    set(3, 0);
    pid_t p = CHILD({
        for (int i = 0; i < 3; i++) {
            sleep_ms(5);
            write(master, "d", 1);
        }
    });
    NUM(read(slave, text, 32));
    reap("writer", p);
    set(10, 1);
    write(master, "ef", 2);
    NUM(read(slave, text, 32));
    write(slave, "a\nb", 3);
    NUM(read(master, text, 32));
    struct pollfd f = {master, POLLIN, 0};
    write(master, "quiet", 5);
    NUM(poll(&f, 1, 20));
    return 0;
}
