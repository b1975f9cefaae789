#include "cli/git_worktree.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "cli/values.h"

namespace litebox::cli {

namespace {

namespace fs = std::filesystem;

constexpr size_t longest_line = 8192;

/// The one line of a file, without its end.
std::optional<std::string> read_line(const std::string& path) {
    struct stat status;
    // A fifo would be waited for.
    if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    auto text = read_file(path, longest_line);
    if (text) text->erase(text->find_last_not_of("\r\n") + 1);
    return text;
}

/// Without symbolic links; empty if there is no such file.
std::string real_path(const std::string& path, const std::string& from) {
    std::error_code problem;
    fs::path found = fs::canonical(fs::path(from) / path, problem);
    return problem ? "" : found.string();
}

std::optional<uid_t> owner_of_directory(const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
    return status.st_uid;
}

/// Whether somebody who may write into the repository, and not only into the worktree, made the two one.
bool names_back(const std::string& repository, const std::string& administration,
                const std::string& directory) {
    auto back = read_line(administration + "/gitdir");
    if (!back || real_path(*back, administration) != directory + "/.git") return false;
    if (fs::path(administration).parent_path() != repository + "/worktrees") return false;
    auto owner = owner_of_directory(directory);
    for (std::string_view part : {"", "/objects", "/refs", "/worktrees"})
        if (!owner || owner_of_directory(repository + std::string(part)) != owner) return false;
    return owner_of_directory(administration) == owner;
}

}  // namespace

GitWorktree find_git_worktree(const std::string& directory) {
    constexpr std::string_view start = "gitdir: ";
    auto line = read_line(directory + "/.git");
    if (!line || !line->starts_with(start)) return {};
    std::string administration = real_path(line->substr(start.size()), directory);
    if (administration.empty() || is_beneath(administration, directory)) return {};
    auto common = read_line(administration + "/commondir");
    if (!common) return {administration, false};
    std::string repository = real_path(*common, administration);
    if (repository.empty()) return {administration, false};
    return {repository, names_back(repository, administration, directory)};
}

}  // namespace litebox::cli
