#include "supervisor/confined.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

namespace litebox::supervisor {

std::string describe_end(int status) {
    if (!WIFSIGNALED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
    int signal = WTERMSIG(status);
    std::string text = std::string("signal ") + strsignal(signal);
    if (signal == SIGSYS) text += ": a host system call that the wall does not permit";
    if (signal == SIGKILL) text += ": somebody on the host killed it, or the host ran out of memory";
    return text;
}

}  // namespace litebox::supervisor
