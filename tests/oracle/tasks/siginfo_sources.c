// siginfo: the code and the fields for kill, sigqueue, tgkill, raise, child and abort.
#include "oracle.h"

static const char* code_name(int code) {
    switch (code) {
        case SI_USER:
            return "SI_USER";
        case SI_QUEUE:
            return "SI_QUEUE";
        case SI_TKILL:
            return "SI_TKILL";
        case SI_KERNEL:
            return "SI_KERNEL";
        case SI_TIMER:
            return "SI_TIMER";
        default:
            return "other";
    }
}
static void on(int s, siginfo_t* info, void* c) {
    (void)c;
    say("%s signo %d errno %d code %s pid ok %d uid ok %d\n", signal_name(s), info->si_signo == s,
        info->si_errno, code_name(info->si_code), info->si_pid == getpid() || info->si_pid == getppid(),
        info->si_uid == getuid());
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4});
    pthread_kill(pthread_self(), SIGRTMIN);
    kill(getpid(), SIGRTMIN);
    kill(0 - getpgrp(), 0);
    struct gate ready = gate_new();
    pid_t p = CHILD({
        sigset_t set;
        sigset_t old;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, &old);
        gate_pass(&ready);
        sigsuspend(&old);
    });
    gate_wait(&ready);
    kill(p, SIGUSR1);
    reap("from the parent", p);
    siginfo_t forged = {.si_signo = SIGUSR1, .si_code = SI_USER, .si_uid = getuid()};
    p = CHILD(pause());
    OK(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, &forged));
    forged.si_code = SI_TKILL;
    OK(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, &forged));
    forged.si_code = SI_QUEUE;
    OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &forged));
    OK(syscall(SYS_rt_sigqueueinfo, p, SIGKILL, &forged));
    reap("forged", p);
    return 0;
}
