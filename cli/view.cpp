#include "cli/view.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "cli/git_worktree.h"
#include "cli/values.h"

namespace litebox::cli {

namespace {

constexpr const char* system_directories[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
                                              "/etc", "/opt", "/var",  "/srv", "/nix",   "/gnu"};
constexpr std::string_view own_directories[] = {"/proc", "/sys", "/dev", "/run"};
constexpr int most_links = 40;

/// Home directories of people: those of root and of ordinary accounts, and HOME.
std::vector<std::string> homes(const Surroundings& host) {
    std::vector<std::string> found;
    std::string_view text = host.passwd;
    while (!text.empty()) {
        size_t end = text.find('\n');
        std::string line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        auto account = find_account(line, line.substr(0, line.find(':')));
        if (account && (account->uid == 0 || (account->uid >= 1000 && account->uid < 60000)))
            found.push_back(account->home);
    }
    for (const std::string& variable : host.environment)
        if (variable.starts_with("HOME=/")) found.push_back(absolute_path(variable.substr(5), "/"));
    std::erase_if(found, [](const std::string& home) { return !home.starts_with('/') || home == "/"; });
    return found;
}

/// Why a directory is not shown unless it is named; empty: it may be.
std::string why_private(const std::string& here, const Surroundings& host) {
    if (here == "/") return "the root directory";
    for (std::string_view own : own_directories)
        if (is_beneath(here, own)) return "in " + std::string(own) + ", which is LiteBox's own inside";
    for (const std::string& home : homes(host)) {
        if (here == home) return "a home directory";
        if (is_beneath(home, here)) return "above a home directory";
    }
    return "";
}

/// Beneath a system directory too: it may lie in one of our own (/var/tmp), and it is read as its owner.
void show_in_its_place(RunCommand& command, const std::string& directory) {
    const Grant* covering = grant_for(command, directory);
    if (!covering || covering->system)
        command.grants.push_back({Grant::Kind::read_only, directory, directory});
}

}  // namespace

std::string why_not_granted(const Surroundings& host) {
    return why_private(host.current_directory, host);
}

void add_default_view(RunCommand& command, const Surroundings& host) {
    for (const char* directory : system_directories) {
        struct stat status;
        // Symbolic links (/bin on merged systems) are shown as links by the core, which asks the same grant
        // for them.
        if (lstat(directory, &status) == 0)
            command.grants.push_back({Grant::Kind::read_only, directory, directory, 0, true});
    }
    if (!why_not_granted(host).empty()) return;
    show_in_its_place(command, host.current_directory);
    command.current_directory_granted = true;
    GitWorktree worktree = find_git_worktree(host.current_directory);
    if (worktree.linked && why_private(worktree.repository, host).empty())
        show_in_its_place(command, worktree.repository);
}

const Grant* grant_for(const RunCommand& command, std::string_view guest_path) {
    const Grant* best = nullptr;
    for (const Grant& grant : command.grants)
        if (is_beneath(guest_path, grant.guest) && (!best || grant.guest.size() >= best->guest.size()))
            best = &grant;
    return best;
}

namespace {

bool leads_to_grant(const RunCommand& command, std::string_view path) {
    for (const Grant& grant : command.grants)
        if (is_beneath(grant.guest, path)) return true;
    return false;
}

bool in_own_memory(const RunCommand& command, std::string_view path) {
    for (std::string_view own : {"/tmp", "/dev", "/proc", "/sys", "/run"})
        if (is_beneath(path, own)) return true;
    return is_beneath(path, command.home);
}

std::string host_path(const Grant& grant, std::string_view guest) {
    std::string_view tail = grant.guest == "/" ? guest : guest.substr(grant.guest.size());
    return grant.host == "/" ? std::string(tail.empty() ? "/" : tail)
                             : grant.host + std::string(tail == "/" ? "" : tail);
}

}  // namespace

Located locate(const RunCommand& command, std::string_view guest_path) {
    std::string walked, left = absolute_path(guest_path, "/");
    std::string host;
    for (int links = 0; !left.empty() && left != "/";) {
        size_t end = left.find('/', 1);
        std::string next = walked + left.substr(0, end);
        left = end == std::string::npos ? "" : left.substr(end);
        const Grant* grant = grant_for(command, next);
        if (!grant || grant->kind == Grant::Kind::temporary) {
            if (leads_to_grant(command, next) && !left.empty()) {
                walked = next;
                continue;
            }
            bool memory = grant || in_own_memory(command, next);
            return {memory ? Located::Outcome::memory : Located::Outcome::outside,
                    absolute_path(next + left, "/"), ""};
        }
        host = host_path(*grant, next);
        struct stat status;
        if (lstat(host.c_str(), &status) != 0) {
            if (leads_to_grant(command, next) && !left.empty()) {
                walked = next;
                continue;
            }
            return {Located::Outcome::missing, absolute_path(next + left, "/"), ""};
        }
        if (!S_ISLNK(status.st_mode)) {
            walked = next;
            continue;
        }
        char target[PATH_MAX];
        ssize_t length = readlink(host.c_str(), target, sizeof target);
        if (length < 0) return {Located::Outcome::missing, next, ""};
        if (++links > most_links) return {Located::Outcome::loop, next, ""};
        std::string_view to(target, static_cast<size_t>(length));
        left = absolute_path(std::string(to) + left, walked.empty() ? "/" : walked);
        walked.clear();
    }
    return {Located::Outcome::found, walked.empty() ? "/" : walked, host};
}

}  // namespace litebox::cli
