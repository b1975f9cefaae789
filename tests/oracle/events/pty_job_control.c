// A small shell's job control: stop the foreground job from the terminal, continue it in the background and
// foreground.
#include "oracle.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
int main(void) {
    int master, slave;
    MUST(openpty(&master, &slave, NULL, NULL, NULL));
    struct gate ready = gate_new();
    pid_t shell = CHILD({
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        signal(SIGTTOU, SIG_IGN);
        signal(SIGTSTP, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        pid_t job = CHILD({
            signal(SIGTSTP, SIG_DFL);
            signal(SIGINT, SIG_DFL);
            setpgid(0, 0);
            tcsetpgrp(slave, getpgrp());
            signal(SIGTTOU, SIG_DFL);
            gate_pass(&ready);
            char line[32];
            for (;;) {
                ssize_t n = read(slave, line, sizeof line - 1);
                if (n <= 0) _exit(9);
                line[n] = 0;
                say("job read %s", line);
                gate_pass(&ready);
            }
        });
        setpgid(job, job);
        int status;
        waitpid(job, &status, WUNTRACED);
        STR(status_text(status));
        tcsetpgrp(slave, getpgrp());
        kill(-job, SIGCONT);
        // In the background its read stops it again, perhaps before anybody sees it continued.
        waitpid(job, &status, WUNTRACED);
        STR(status_text(status));
        tcsetpgrp(slave, job);
        kill(-job, SIGCONT);
        gate_pass(&ready);
        waitpid(job, &status, 0);
        STR(status_text(status));
        tcsetpgrp(slave, getpgrp());
        YES(tcgetpgrp(slave) == getpgrp());
    });
    gate_wait(&ready);
    write(master, "first\n", 6);
    gate_wait(&ready);
    write(master, "\032", 1);
    gate_wait(&ready);
    write(master, "second\n", 7);
    gate_wait(&ready);
    write(master, "\003", 1);
    reap("shell", shell);
    return 0;
}
