#include "supervisor/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "supervisor/usage.h"

namespace litebox::supervisor {

namespace {

constexpr const char* name_prefix = "litebox-";

/// The rest of the line of /proc/self/cgroup that has `controllers` between its colons.
std::string own_path(const std::string& text, const std::string& controllers) {
    for (size_t at = 0; at < text.size();) {
        size_t end = std::min(text.find('\n', at), text.size());
        size_t first = text.find(':', at), second = text.find(':', first + 1);
        if (second < end && text.compare(first + 1, second - first - 1, controllers) == 0)
            return text.substr(second + 1, end - second - 1);
        at = end + 1;
    }
    return "";
}

/// A supervisor that was killed leaves its cgroup behind, empty.
void sweep(const std::string& parent) {
    DIR* directory = opendir(parent.c_str());
    if (directory == nullptr) return;
    while (dirent* entry = readdir(directory)) {
        std::string name = entry->d_name;
        if (name.rfind(name_prefix, 0) != 0) continue;
        pid_t owner = static_cast<pid_t>(atol(name.c_str() + std::char_traits<char>::length(name_prefix)));
        if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) rmdir((parent + "/" + name).c_str());
    }
    closedir(directory);
}

}  // namespace

std::string MemoryCgroup::place(int& version) {
    std::string own = read_file("/proc/self/cgroup");
    std::string first = own_path(own, "memory");
    if (!first.empty()) {
        version = 1;
        std::string path = "/sys/fs/cgroup/memory" + (first == "/" ? "" : first);
        return access(path.c_str(), W_OK) == 0 ? path : "";
    }
    version = 2;
    // A cgroup with processes hands no controllers on: the nearest one above that does, and is ours to use.
    for (std::string second = own_path(own, ""); !second.empty();
         second.resize(second.find_last_of('/') == std::string::npos ? 0 : second.find_last_of('/'))) {
        std::string path = "/sys/fs/cgroup" + (second == "/" ? "" : second);
        bool handed_on = read_file(path + "/cgroup.subtree_control").find("memory") != std::string::npos;
        if (handed_on && access(path.c_str(), W_OK) == 0 &&
            access((path + "/cgroup.procs").c_str(), W_OK) == 0)
            return path;
    }
    return "";
}

void MemoryCgroup::make(uint64_t limit) {
    if (std::exchange(tried_, true)) return;
    std::string parent = place(version_);
    if (parent.empty()) return;
    sweep(parent);
    std::string path = parent + "/" + name_prefix + std::to_string(getpid());
    if (mkdir(path.c_str(), 0755) != 0) return;
    path_ = path;
    const char* file = version_ == 1 ? "/memory.limit_in_bytes" : "/memory.max";
    if (!write_file(path + file, std::to_string(limit))) remove();
}

void MemoryCgroup::take_in(pid_t process) const {
    if (!path_.empty()) write_file(path_ + "/cgroup.procs", std::to_string(process));
}

bool MemoryCgroup::killed() const {
    if (path_.empty()) return false;
    std::string text = read_file(path_ + (version_ == 1 ? "/memory.oom_control" : "/memory.events"));
    constexpr std::string_view name = "oom_kill ";
    size_t at = text.find(name);
    return at != std::string::npos && strtoul(text.c_str() + at + name.size(), nullptr, 10) != 0;
}

void MemoryCgroup::remove() {
    // The last process's bookkeeping may take a moment longer than its life.
    constexpr int tries = 50;
    constexpr unsigned pause_us = 2000;
    for (int i = 0; !path_.empty() && rmdir(path_.c_str()) != 0 && errno == EBUSY && i < tries; i++)
        usleep(pause_us);
    path_.clear();
}

}  // namespace litebox::supervisor
