// Control characters become signals for the foreground group; SIGWINCH, SIGHUP on hang-up, SIGTTIN and
// SIGTTOU.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
static volatile sig_atomic_t got[65];
static void on(int s) {
    got[s]++;
}
static void expect(int s) {
    while (!got[s]) sleep_ms(1);
    say("%s\n", signal_name(s));
}
int main(void) {
    int master, slave;
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct gate ready = gate_new(), next = gate_new();
    pid_t p = CHILD({
        close(master);
        setsid();
        OK(ioctl(slave, TIOCSCTTY, 0));
        int list[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP, SIGCONT};
        for (size_t i = 0; i < COUNT(list); i++) signal(list[i], on);
        YES(tcgetpgrp(slave) == getpgrp());
        YES(tcgetsid(slave) == getpid());
        gate_pass(&ready);
        expect(SIGINT);
        gate_pass(&ready);
        expect(SIGQUIT);
        gate_pass(&ready);
        expect(SIGTSTP);
        gate_pass(&ready);
        expect(SIGWINCH);
        int tty = OK(open("/dev/tty", O_RDWR));
        NUM(isatty(tty));
        close(tty);
        pid_t background = CHILD({
            signal(SIGTTIN, SIG_DFL);
            setpgid(0, 0);
            char c;
            gate_wait(&next);
            read(slave, &c, 1);
            _exit(1);
        });
        setpgid(background, background);
        gate_pass(&next);
        int status;
        waitpid(background, &status, WUNTRACED);
        STR(status_text(status));
        kill(background, SIGKILL);
        waitpid(background, &status, 0);
        struct termios t;
        tcgetattr(slave, &t);
        t.c_lflag |= TOSTOP;
        tcsetattr(slave, TCSANOW, &t);
        background = CHILD(setpgid(0, 0); gate_wait(&next); write(slave, "x", 1); _exit(1));
        setpgid(background, background);
        gate_pass(&next);
        waitpid(background, &status, WUNTRACED);
        STR(status_text(status));
        kill(background, SIGKILL);
        waitpid(background, &status, 0);
        background = CHILD({
            setpgid(0, 0);
            signal(SIGTTIN, SIG_IGN);
            gate_wait(&next);
            char c;
            OK(read(slave, &c, 1));
        });
        setpgid(background, background);
        gate_pass(&next);
        waitpid(background, &status, 0);
        background = CHILD({
            setpgid(0, 0);
            signal(SIGTTOU, SIG_IGN);
            gate_wait(&next);
            OK(tcsetpgrp(slave, getpgrp()));
            YES(tcgetpgrp(slave) == getpgrp());
        });
        setpgid(background, background);
        gate_pass(&next);
        waitpid(background, &status, 0);
        signal(SIGTTOU, SIG_IGN);
        OK(tcsetpgrp(slave, getpgrp()));
        OK(tcsetpgrp(slave, 999999));
        close(slave);
        gate_pass(&ready);
        expect(SIGHUP);
    });
    close(slave);
    gate_wait(&ready);
    write(master, "\003", 1);
    gate_wait(&ready);
    write(master, "\034", 1);
    gate_wait(&ready);
    write(master, "\032", 1);
    gate_wait(&ready);
    struct winsize w = {.ws_row = 50, .ws_col = 100};
    ioctl(master, TIOCSWINSZ, &w);
    gate_wait(&ready);
    close(master);
    reap("session", p);
    return 0;
}
