// Real-time signals queue with their values, lowest number first, in order of sending within one.
#include "oracle.h"

static void on(int s, siginfo_t* info, void* c) {
    (void)c;
    say("%s value %d code %s\n", signal_name(s), info->si_value.sival_int,
        info->si_code == SI_QUEUE ? "SI_QUEUE" : "other");
}
int main(void) {
    sigset_t set;
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) {
        sigaddset(&set, SIGRTMIN + i);
        sigaction(SIGRTMIN + i, &action, NULL);
    }
    sigaddset(&set, SIGUSR1);
    sigaction(SIGUSR1, &action, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 4; i++)
        for (int s = 2; s >= 0; s--)
            MUST(sigqueue(getpid(), SIGRTMIN + s, (union sigval){.sival_int = s * 10 + i}));
    MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 100}));
    MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 101}));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    RUNS("default of a real-time signal", raise(SIGRTMAX));
    return 0;
}
