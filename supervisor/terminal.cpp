#include "supervisor/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace litebox::supervisor {

namespace {

/// What the watcher is told: what to do should we end without another word.
struct Will {
    enum Kind : char { restore, leave_alone, quit } kind;
    termios saved;
};

/// Waits for our end, in a session of its own, where no key reaches it and no shell's job control.
[[noreturn]] void watch_terminal(int pipe) {
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    close_range(STDOUT_FILENO, static_cast<unsigned>(pipe) - 1, 0);
    close_range(static_cast<unsigned>(pipe) + 1, ~0u, 0);
    Will last{Will::leave_alone, {}}, will;
    // A will is shorter than what a pipe takes at once, so it comes whole or not at all.
    while (read(pipe, &will, sizeof(will)) == sizeof(will)) {
        if (will.kind == Will::quit) _exit(0);
        last = will;
    }
    if (last.kind == Will::restore) tcsetattr(STDIN_FILENO, TCSAFLUSH, &last.saved);
    _exit(0);
}

}  // namespace

bool InvokerTerminal::foreground() {
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void InvokerTerminal::start_watcher() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    watcher_ = fork();
    if (watcher_ == 0) watch_terminal(ends[0]);
    close(ends[0]);
    to_watcher_ = Descriptor(ends[1]);
    if (watcher_ < 0) watcher_ = 0;
}

void InvokerTerminal::tell_watcher(int kind) {
    const Will will{static_cast<Will::Kind>(kind), saved_};
    if (watcher_ != 0) (void)!write(to_watcher_.get(), &will, sizeof(will));
}

void InvokerTerminal::set_raw(bool raw) {
    if (raw == raw_) return;
    raw_ = raw;
    if (!raw) {
        if (saved_valid_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
        tell_watcher(Will::leave_alone);
        return;
    }
    saved_valid_ = tcgetattr(STDIN_FILENO, &saved_) == 0;
    if (!saved_valid_) return;
    if (watcher_ == 0) start_watcher();
    tell_watcher(Will::restore);
    was_raw_ = true;
    termios mode = saved_;
    cfmakeraw(&mode);
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

void InvokerTerminal::pause(bool pause) {
    if (!raw_ || !saved_valid_) return;
    termios mode = saved_;
    if (pause) {
        tcsetattr(STDIN_FILENO, TCSANOW, &mode);
        tell_watcher(Will::leave_alone);
        return;
    }
    tell_watcher(Will::restore);
    cfmakeraw(&mode);
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

void InvokerTerminal::finish(bool flush) {
    set_raw(false);
    if ((flush || was_raw_) && foreground()) {
        // A terminal takes a moment to answer.
        constexpr int moment_ms = 30;
        pollfd typed{STDIN_FILENO, POLLIN, 0};
        if (flush) poll(&typed, 1, moment_ms);
        tcflush(STDIN_FILENO, TCIFLUSH);
    }
    was_raw_ = false;
    if (watcher_ == 0) return;
    tell_watcher(Will::quit);
    to_watcher_.reset();
    waitpid(watcher_, nullptr, 0);
    watcher_ = 0;
}

void stop_ourselves(int signal) {
    struct sigaction by_default {
    }, before;
    by_default.sa_handler = SIG_DFL;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) return;
    sigaction(signal, &by_default, nullptr);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    sigprocmask(SIG_BLOCK, &only, nullptr);
}

}  // namespace litebox::supervisor
