// F_SETOWN, F_SETSIG and O_ASYNC: a signal when a descriptor becomes ready.
#include "oracle.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    sigset_t set;
    siginfo_t info;
    struct timespec five = {5, 0}, zero = {0, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    NUM(fcntl(pair[0], F_GETOWN));
    OK(fcntl(pair[0], F_SETOWN, getpid()));
    YES(fcntl(pair[0], F_GETOWN) == getpid());
    OK(fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    write(pair[1], "x", 1);
    STR(signal_name(sigtimedwait(&set, &info, &five)));
    NUM(fcntl(pair[0], F_GETSIG));
    OK(fcntl(pair[0], F_SETSIG, SIGRTMIN));
    OK(fcntl(pair[0], F_SETSIG, 99));
    write(pair[1], "y", 1);
    STR(signal_name(sigtimedwait(&set, &info, &five)));
    YES(info.si_fd == pair[0] && info.si_code == POLL_IN);
    OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    while (sigtimedwait(&set, &info, &zero) > 0) {
    }
    write(pair[1], "z", 1);
    OK(sigtimedwait(&set, &info, &zero));
    struct f_owner_ex owner = {F_OWNER_TID, gettid()};
    OK(fcntl(pair[0], F_SETOWN_EX, &owner));
    memset(&owner, 0, sizeof owner);
    OK(fcntl(pair[0], F_GETOWN_EX, &owner));
    YES(owner.type == F_OWNER_TID && owner.pid == gettid());
    OK(fcntl(pair[0], F_SETOWN, -getpgrp()));
    YES(fcntl(pair[0], F_GETOWN) == -getpgrp());
    OK(fcntl(pair[0], F_SETOWN, 999999));
    return 0;
}
