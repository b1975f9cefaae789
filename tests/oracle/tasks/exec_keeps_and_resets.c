// execve: what survives (mask, ignored signals, pending signals, cwd, umask) and what does not.
#include "oracle.h"

static void on(int s) {
    (void)s;
}
int main(int argc, char** argv) {
    struct sigaction action;
    sigset_t set;
    stack_t stack;
    if (argc > 1) {
        sigaction(SIGUSR1, NULL, &action);
        YES(action.sa_handler == SIG_DFL);
        sigaction(SIGUSR2, NULL, &action);
        YES(action.sa_handler == SIG_IGN);
        sigaction(SIGCHLD, NULL, &action);
        YES(action.sa_handler == SIG_IGN);
        sigprocmask(SIG_BLOCK, NULL, &set);
        NUM(sigismember(&set, SIGTERM));
        NUM(sigismember(&set, SIGHUP));
        sigpending(&set);
        NUM(sigismember(&set, SIGTERM));
        sigaltstack(NULL, &stack);
        YES(stack.ss_flags == SS_DISABLE);
        OK(fcntl(20, F_GETFD));
        OK(fcntl(21, F_GETFD));
        YES(atoi(argv[1]) == getpid());
        YES(alarm(0) > 10);
        OCT(umask(0));
        struct stat here, there;
        YES(stat(".", &here) == 0 && stat("/dev", &there) == 0 && here.st_ino == there.st_ino);
        NUM(prctl(PR_GET_KEEPCAPS));
        char name[17] = "";
        prctl(PR_GET_NAME, name);
        STR(name);
        return 0;
    }
    static char memory[65536];
    stack = (stack_t){.ss_sp = memory, .ss_size = sizeof memory};
    sigaltstack(&stack, NULL);
    signal(SIGUSR1, on);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTERM);
    dup3(1, 20, O_CLOEXEC);
    dup2(1, 21);
    if (chdir("/dev") < 0) return 1;
    prctl(PR_SET_NAME, "renamed");
    prctl(PR_SET_KEEPCAPS, 1);
    char pid[20];
    snprintf(pid, sizeof pid, "%d", getpid());
    execl(argv[0], argv[0], pid, (char*)NULL);
    return 1;
}
