// Signals: the errors of sigaction, kill, tgkill, tkill, sigqueue, sigprocmask.
#include "oracle.h"

static void on(int s) {
    (void)s;
}
int main(void) {
    struct sigaction action = {.sa_handler = on};
    sigset_t set;
    union sigval value = {.sival_int = 1};
    OK(sigaction(0, &action, NULL));
    OK(sigaction(65, &action, NULL));
    OK(sigaction(-1, NULL, &action));
    OK(sigaction(SIGKILL, &action, NULL));
    OK(sigaction(SIGSTOP, &action, NULL));
    OK(sigaction(SIGKILL, NULL, &action));
    OK(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8));
    OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8));
    OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &action, 4));
    OK(kill(getpid(), 65));
    OK(kill(getpid(), -1));
    OK(kill(getpid(), 0));
    OK(kill(999999, 0));
    OK(kill(-999999, SIGTERM));
    OK(kill(INT_MIN, SIGTERM));
    OK(syscall(SYS_tgkill, getpid(), gettid(), 0));
    OK(syscall(SYS_tgkill, getpid(), 999999, 0));
    OK(syscall(SYS_tgkill, 999999, gettid(), 0));
    OK(syscall(SYS_tgkill, -1, gettid(), 0));
    OK(syscall(SYS_tgkill, getpid(), -1, 0));
    OK(syscall(SYS_tgkill, getpid(), gettid(), 65));
    OK(syscall(SYS_tkill, 0, 0));
    OK(syscall(SYS_tkill, 999999, 0));
    OK(sigqueue(999999, SIGUSR1, value));
    OK(sigqueue(getpid(), 65, value));
    OK(sigqueue(getpid(), 0, value));
    OK(syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8));
    OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8));
    OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8));
    OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &set, 16));
    OK(syscall(SYS_rt_sigprocmask, 77, NULL, &set, 8));
    OK(syscall(SYS_rt_sigpending, BAD, 8));
    OK(syscall(SYS_rt_sigpending, &set, 9));
    OK(syscall(SYS_rt_sigsuspend, &set, 4));
    OK(syscall(SYS_rt_sigsuspend, BAD, 8));
    return 0;
}
