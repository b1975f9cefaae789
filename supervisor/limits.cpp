#include "supervisor/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

namespace {

constexpr uint64_t usual_tasks = 1024;
/// Besides the program's: opener, PID 1, the system process, the spare and those on their way out.
constexpr uint64_t own_tasks = 96;

uint64_t threads_of(const char* process) {
    std::string path = std::string("/proc/") + process;
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || status.st_uid != getuid()) return 0;
    // A process has one link to its task directory for each thread, and two of the directory's own.
    return stat((path + "/task").c_str(), &status) == 0 && status.st_nlink > 2 ? status.st_nlink - 2 : 1;
}

uint64_t tasks_of_user() {
    DIR* directory = opendir("/proc");
    if (directory == nullptr) return 0;
    uint64_t count = 0;
    while (dirent* entry = readdir(directory))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') count += threads_of(entry->d_name);
    closedir(directory);
    return count;
}

void set_soft(int resource, uint64_t wanted) {
    rlimit limit;
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return;
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

}  // namespace

uint64_t default_tasks() {
    rlimit limit;
    struct sysinfo machine;
    if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return usual_tasks;
    // Looking at every process costs more than a whole start: only where the limit may be near.
    uint64_t all = sysinfo(&machine) == 0 ? machine.procs : limit.rlim_cur;
    if (limit.rlim_cur >= all + 2 * (usual_tasks + own_tasks)) return usual_tasks;
    uint64_t used = tasks_of_user();
    uint64_t half = limit.rlim_cur > used ? (limit.rlim_cur - used) / 2 : 0;
    return std::clamp<uint64_t>(half, 1, usual_tasks);
}

FileSizeLimit::FileSizeLimit(uint64_t needed) {
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &before_) != 0 || before_.rlim_cur >= needed) return;
    if (before_.rlim_max < needed)
        throw std::runtime_error("the limit of file sizes holds for memory files too, and " +
                                 std::to_string(before_.rlim_max >> 20) + " MiB are not enough (ulimit -f)");
    set_soft(RLIMIT_FSIZE, RLIM_INFINITY);
}

void check_descriptor_limit() {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < needed_descriptors)
        throw std::runtime_error("the hard limit of open files is " + std::to_string(limit.rlim_max) +
                                 "; granted files need " + std::to_string(needed_descriptors) +
                                 " (ulimit -Hn)");
}

void FileSizeLimit::restore() const {
    setrlimit(RLIMIT_FSIZE, &before_);
}

void be_first_to_go() {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    (void)!write(file, "1000", 4);
    close(file);
}

void limit_self(uint64_t tasks) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    // Counted in the sandbox's own user namespace, and beyond it against the invoker's.
    const rlimit processes{tasks + own_tasks, tasks + own_tasks};
    setrlimit(RLIMIT_NPROC, &processes);
    set_soft(RLIMIT_NOFILE, needed_descriptors);
}

}  // namespace litebox::supervisor
