#include "supervisor/host_processes.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <iterator>

#include "platform/process/layout.h"

namespace litebox::supervisor {

namespace {

const char* start_step(int code) {
    static const char* const steps[] = {"mapping the start block",     "mapping its code",
                                        "mapping the rings",           "making the sandbox's PID 1",
                                        "installing signal handlers",  "making the first process",
                                        "mapping the arena",           "giving up privileges",
                                        "registering memory barriers", "installing the system-call filter",
                                        "making the openers"};
    constexpr int first = 100;
    if (code < first || code >= first + static_cast<int>(std::size(steps))) return nullptr;
    return steps[code - first];
}

}  // namespace

/// A host process that ends other than through the core's exit path ends the whole sandbox.
std::optional<std::string> HostProcesses::ended(pid_t process, int status) {
    if (process == opener_) opener_lives_ = false;
    if (process != opener_ && WIFEXITED(status) && WEXITSTATUS(status) == LITEBOX_EXIT_COOKIE)
        return std::nullopt;
    const char* step = WIFEXITED(status) ? start_step(WEXITSTATUS(status)) : nullptr;
    if (step != nullptr) return std::string("the sandbox could not start: ") + step;
    if (process == opener_) return "the opener ended: " + describe_end(status);
    return "a sandboxed process ended other than through the library OS (" + describe_end(status) +
           "), so the whole sandbox was ended";
}

std::optional<std::string> HostProcesses::all_ended() {
    return "every process of the sandbox is gone";
}

uint64_t HostProcesses::shared_memory() const {
    constexpr uint64_t block = 512;
    struct stat arena;
    return fstat(arena_.get(), &arena) == 0 ? static_cast<uint64_t>(arena.st_blocks) * block : 0;
}

/// PID 1 dies, and with it everything in its namespace; then the opener. All at once where the opener is
/// there to hold the number of its process group, which nothing in the sandbox can leave.
void HostProcesses::end_all() {
    if (opener_lives_) kill(-opener_, SIGKILL);
    pid_one_.reset();
    arena_.reset();
}

}  // namespace litebox::supervisor
