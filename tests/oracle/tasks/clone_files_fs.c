// clone with CLONE_FILES, CLONE_FS and CLONE_SIGHAND: the tables are shared, without them copied.
#include "oracle.h"

static char stack[2][65536] __attribute__((aligned(16)));
static int made_fd;
static int child(void* arg) {
    (void)arg;
    made_fd = open("/dev/null", O_RDONLY);
    if (chdir("/") < 0) return 2;
    umask(07);
    signal(SIGUSR2, SIG_IGN);
    return 11;
}
static void show(void) {
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    char cwd[PATH_MAX];
    YES(fcntl(made_fd, F_GETFD) >= 0);
    YES(getcwd(cwd, sizeof cwd) && strcmp(cwd, "/") == 0);
    YES(action.sa_handler == SIG_IGN);
    mode_t old = umask(022);
    OCT(old);
}
int main(void) {
    scratch();
    int status;
    pid_t p = clone(child, stack[0] + sizeof stack[0], CLONE_VM | SIGCHLD, NULL);
    waitpid(p, &status, 0);
    say("copied: %s\n", status_text(status));
    show();
    p = clone(child, stack[1] + sizeof stack[1], CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD,
              NULL);
    waitpid(p, &status, 0);
    say("shared: %s\n", status_text(status));
    show();
    if (chdir(oracle_scratch) < 0) return 1;
    return 0;
}
