#include "supervisor/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
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

void raise_file_size_limit(uint64_t needed) {
    rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= needed) return;
    if (limit.rlim_max < needed)
        throw std::runtime_error("the limit of file sizes holds for memory files too, and " +
                                 std::to_string(limit.rlim_max >> 20) + " MiB are not enough (ulimit -f)");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

void check_descriptor_limit() {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < needed_descriptors)
        throw std::runtime_error("the hard limit of open files is " + std::to_string(limit.rlim_max) +
                                 "; granted files need " + std::to_string(needed_descriptors) +
                                 " (ulimit -Hn)");
}

}  // namespace litebox::supervisor
