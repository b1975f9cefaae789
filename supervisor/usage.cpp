#include "supervisor/usage.h"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace litebox::supervisor {

std::string read_file(const std::string& path) {
    std::string text;
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return text;
    char piece[4096];
    for (ssize_t length; (length = read(file, piece, sizeof(piece))) > 0;)
        text.append(piece, static_cast<size_t>(length));
    close(file);
    return text;
}

bool write_file(const std::string& path, const std::string& text) {
    int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool good = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    return good;
}

bool write_identity_maps(pid_t child) {
    std::string base = "/proc/" + std::to_string(child);
    return write_file(base + "/uid_map", "0 0 4294967295") && write_file(base + "/gid_map", "0 0 4294967295");
}

namespace {

uint64_t kibibytes(const std::string& status, const char* name) {
    size_t at = status.find(name);
    return at == std::string::npos ? 0 : strtoull(status.c_str() + at + strlen(name), nullptr, 10);
}

uint64_t cpu_us(pid_t process) {
    static const uint64_t tick_us = 1000000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
    std::string text = read_file("/proc/" + std::to_string(process) + "/stat");
    size_t end = text.rfind(')');
    unsigned long user = 0, system = 0;
    if (end == std::string::npos ||
        sscanf(text.c_str() + end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        return 0;
    return (user + system) * tick_us;
}

}  // namespace

std::vector<pid_t> children() {
    std::vector<pid_t> list;
    std::string self = std::to_string(getpid());
    std::string text = read_file("/proc/" + self + "/task/" + self + "/children");
    for (const char* at = text.c_str(); *at != '\0';) {
        char* end;
        long child = strtol(at, &end, 10);
        if (end == at) break;
        list.push_back(static_cast<pid_t>(child));
        at = end + strspn(end, " ");
    }
    return list;
}

namespace {

/// The innermost of the numbers behind NSpid.
uint32_t inner_number(const std::string& status) {
    constexpr std::string_view name = "\nNSpid:";
    size_t at = status.find(name), end = status.find('\n', at + 1);
    if (at == std::string::npos || end == std::string::npos) return 0;
    size_t tab = status.rfind('\t', end);
    return static_cast<uint32_t>(strtoul(status.c_str() + tab + 1, nullptr, 10));
}

}  // namespace

Use use_of(const std::vector<pid_t>& processes, std::vector<Resident>& residents) {
    Use use;
    for (pid_t process : processes) {
        std::string status = read_file("/proc/" + std::to_string(process) + "/status");
        use.memory += (kibibytes(status, "\nRssAnon:") + kibibytes(status, "\nVmPTE:") +
                       kibibytes(status, "\nVmSwap:")) *
                      1024;
        use.cpu_us += cpu_us(process);
        uint64_t resident = kibibytes(status, "\nRssAnon:") + kibibytes(status, "\nRssFile:");
        if (uint32_t number = inner_number(status))
            residents.push_back({number, static_cast<uint32_t>(std::min<uint64_t>(resident, UINT32_MAX))});
    }
    return use;
}

uint64_t free_memory() {
    struct sysinfo machine;
    if (sysinfo(&machine) != 0) return 0;
    return (static_cast<uint64_t>(machine.freeram) + machine.bufferram) * machine.mem_unit;
}

}  // namespace litebox::supervisor
