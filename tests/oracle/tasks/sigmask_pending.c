// Blocked signals stay pending, standard ones once, and come in order of their number when unblocked.
#include "oracle.h"

static void on(int s) {
    say("got %s\n", signal_name(s));
}
int main(void) {
    sigset_t set, old, pending;
    int list[] = {SIGUSR2, SIGUSR1, SIGTERM, SIGHUP};
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT(list); i++) {
        sigaddset(&set, list[i]);
        signal(list[i], on);
    }
    NUM(sigprocmask(SIG_SETMASK, &set, &old));
    for (size_t i = 0; i < COUNT(list); i++) {
        raise(list[i]);
        kill(getpid(), list[i]);
    }
    sigpending(&pending);
    for (size_t i = 0; i < COUNT(list); i++)
        say("%s pending %d\n", signal_name(list[i]), sigismember(&pending, list[i]));
    NUM(sigprocmask(SIG_UNBLOCK, &set, NULL));
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR1));
    sigfillset(&set);
    NUM(sigprocmask(SIG_BLOCK, &set, NULL));
    sigprocmask(SIG_BLOCK, NULL, &old);
    NUM(sigismember(&old, SIGKILL));
    NUM(sigismember(&old, SIGSTOP));
    NUM(sigismember(&old, SIGINT));
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR1));
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_DFL);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGUSR2));
    raise(SIGCHLD);
    sigpending(&pending);
    NUM(sigismember(&pending, SIGCHLD));
    return 0;
}
