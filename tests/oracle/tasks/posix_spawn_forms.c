// posix_spawn: file actions, attributes, and the error of a program that is missing.
#include "oracle.h"

#include <spawn.h>
extern char** environ;
int main(int argc, char** argv) {
    if (argc > 1) {
        sigset_t set;
        sigprocmask(SIG_BLOCK, NULL, &set);
        struct sigaction action;
        sigaction(SIGUSR2, NULL, &action);
        YES(getpgrp() == getpid());
        NUM(sigismember(&set, SIGUSR1));
        YES(action.sa_handler == SIG_DFL);
        OK(fcntl(30, F_GETFD));
        OK(fcntl(31, F_GETFD));
        char text[8] = "";
        NUM(read(32, text, 5));
        STR(text);
        return 3;
    }
    scratch();
    put_file("in", "hello");
    signal(SIGUSR2, SIG_IGN);
    dup2(0, 31);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t set;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, 0, 30);
    posix_spawn_file_actions_addclose(&actions, 31);
    posix_spawn_file_actions_addopen(&actions, 32, "in", O_RDONLY, 0);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    posix_spawnattr_setsigmask(&attr, &set);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    posix_spawnattr_setsigdefault(&attr, &set);
    pid_t p;
    char* args[] = {argv[0], "child", NULL};
    int spawned = posix_spawn(&p, argv[0], &actions, &attr, args, environ);
    reap("spawned", p);
    STR(errno_name(spawned));
    ERR(posix_spawn(&p, "/nonexistent", NULL, NULL, args, environ));
    ERR(posix_spawn(&p, "/", NULL, NULL, args, environ));
    posix_spawn_file_actions_addopen(&actions, 33, "missing", O_RDONLY, 0);
    ERR(posix_spawn(&p, argv[0], &actions, &attr, args, environ));
    int status;
    OK(waitpid(-1, &status, 0));
    return 0;
}
