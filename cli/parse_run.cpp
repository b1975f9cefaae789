// From words to a RunCommand. Reads the host (paths, a deny list) but changes nothing.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "cli/git_worktree.h"
#include "cli/run_command.h"
#include "cli/run_options.h"
#include "cli/syscall_names.h"
#include "cli/values.h"
#include "cli/view.h"

namespace litebox::cli {

namespace {

constexpr uint64_t least_memory = 16 << 20, least_machine_memory = 8 << 20, most_processors = 64;
constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string not_a(const FoundOption& option, std::string_view what) {
    return "--" + std::string(option.spec->name) + ": " + quoted(*option.value) + " is not " +
           std::string(what) + "; for example --" + std::string(option.spec->name) + " " +
           std::string(option.spec->example);
}

/// The real path of something that a grant names, or the reason why there is none.
std::optional<std::string> real(const std::string& path, std::string& problem) {
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved)) return resolved;
    problem =
        quoted(path) + ": " + (errno == ENOENT ? "there is no such file or directory" : strerror(errno));
    return std::nullopt;
}

class RunParser {
  public:
    RunParser(const Surroundings& host, bool profile) : host_(host) { command_.profile = profile; }

    std::variant<RunCommand, Complaint> run(std::span<const char* const> words) {
        ParsedArguments parsed = parse_arguments(words, run_options());
        if (parsed.error) return Complaint{exit_litebox, *parsed.error};
        for (const FoundOption& option : parsed.options)
            if (auto problem = take(option)) return Complaint{exit_litebox, *problem};
        if (parsed.rest.empty())
            return Complaint{exit_litebox, std::string("no program given: litebox ") +
                                               (command_.profile ? "profile" : "run") +
                                               " [OPTIONS] -- PROGRAM [ARGUMENTS]"};
        if (parsed.rest[0].empty())
            return Complaint{exit_litebox, "the program's name is empty: litebox run -- PROGRAM [ARGUMENTS]"};
        command_.arguments = std::move(parsed.rest);
        if (auto problem = finish()) return Complaint{exit_litebox, *problem};
        return std::move(command_);
    }

  private:
    std::optional<std::string> take(const FoundOption& option) {
        switch (option.spec->id) {
            case opt_ro:
                return take_grant(option, Grant::Kind::read_only);
            case opt_rw:
                return take_grant(option, Grant::Kind::read_write);
            case opt_tmpfs:
                return take_tmpfs(option);
            case opt_root:
                return take_name_of_root(option, root_);
            case opt_image:
                return take_name_of_root(option, image_);
            case opt_root_hash:
                return take_root_hash(option);
            case opt_scratch:
                return take_scratch(option);
            case opt_cwd:
                cwd_ = *option.value;
                break;
            case opt_env:
                return take_env(option);
            case opt_env_pass:
                passed_.push_back(*option.value);
                break;
            case opt_user:
                user_ = *option.value;
                break;
            case opt_hostname:
                return take_hostname(option);
            case opt_platform:
                return take_choice(option, "process", "vm", command_.virtual_machine);
            case opt_cpus:
                return take_processors(option);
            case opt_memory:
                return take_memory(option);
            case opt_processes:
                return take_processes(option);
            case opt_timeout:
                return take_time(option, command_.timeout_ms);
            case opt_cpu_time:
                return take_time(option, command_.cpu_time_ms);
            case opt_wx:
                return take_choice(option, "allow", "deny", command_.deny_write_execute);
            case opt_deny_calls:
                return take_deny_list(option);
            case opt_deny_action:
                deny_action_given_ = true;
                return take_choice(option, "eperm", "kill", kill_);
            default:
                take_flag(option);
        }
        return std::nullopt;
    }

    void take_flag(const FoundOption& option) {
        switch (option.spec->id) {
            case opt_allow_slow_fs:
                command_.allow_slow_fs = true;
                break;
            case opt_terminal:
                command_.interactive = true;
                break;
            case opt_stats:
                command_.statistics = true;
                break;
            case opt_quiet:
                command_.quiet = true;
                break;
            case opt_trace:
                command_.trace = true;
                command_.trace_file = option.value.value_or("");
                break;
            case opt_json:
                command_.json = true;
                command_.json_file = option.value.value_or("");
                break;
            default:
                break;
        }
    }

    std::optional<std::string> take_grant(const FoundOption& option, Grant::Kind kind) {
        std::string path = *option.value, inside;
        // A colon only separates where an absolute path follows and nothing on the host has the whole as its
        // name.
        struct stat unused;
        size_t colon = path.rfind(":/");
        if (colon != std::string::npos && colon > 0 && stat(path.c_str(), &unused) != 0) {
            inside = absolute_path(path.substr(colon + 1), "/");
            path.resize(colon);
        }
        std::string problem;
        auto host = real(path, problem);
        if (!host) return "--" + std::string(option.spec->name) + " " + problem;
        if (inside.empty()) inside = *host;
        for (std::string_view own : {"/proc", "/sys", "/dev"})
            if (is_beneath(inside, own) && inside != "/dev/shm")
                return "--" + std::string(option.spec->name) + " " + quoted(*option.value) + ": " +
                       std::string(own) + " inside is LiteBox's own; show it elsewhere with " + path +
                       ":/INSIDE";
        if (inside == "/" && *host != "/")
            return "--" + std::string(option.spec->name) + ": to replace the root, use --root " + path;
        if (*host == "/" && inside == "/")
            return "--" + std::string(option.spec->name) +
                   " /: the whole host is not granted in one; name directories, or use --root / to see its "
                   "public part";
        requested_.push_back({kind, *host, inside});
        return std::nullopt;
    }

    std::optional<std::string> take_tmpfs(const FoundOption& option) {
        std::string path = *option.value;
        Grant grant{Grant::Kind::temporary, "", "", 0};
        size_t colon = path.rfind(':');
        if (colon != std::string::npos) {
            auto size = parse_size(std::string_view(path).substr(colon + 1), memory());
            if (!size || *size == 0) return not_a(option, "a path with a size");
            grant.size = *size;
            path.resize(colon);
        }
        if (!path.starts_with('/')) return not_a(option, "an absolute path");
        grant.guest = absolute_path(path, "/");
        if (grant.guest == "/") return "--tmpfs /: the root cannot be empty; name a directory";
        requested_.push_back(grant);
        return std::nullopt;
    }

    std::optional<std::string> take_env(const FoundOption& option) {
        size_t equals = option.value->find('=');
        if (equals == std::string::npos)
            return "--env " + *option.value + ": write NAME=VALUE, or pass your own value with --env-pass " +
                   *option.value;
        if (equals == 0) return not_a(option, "NAME=VALUE");
        set_.push_back(*option.value);
        return std::nullopt;
    }

    std::optional<std::string> take_hostname(const FoundOption& option) {
        const std::string& name = *option.value;
        bool good = name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
                        return isalnum(c) || c == '-' || c == '.';
                    });
        if (!good) return not_a(option, "a host name (letters, digits, - and ., at most 64)");
        command_.host_name = name;
        return std::nullopt;
    }

    uint64_t memory() const { return host_.memory; }

    std::optional<std::string> take_memory(const FoundOption& option) {
        auto size = parse_size(*option.value, memory());
        if (!size || *size == 0) return not_a(option, "a size");
        command_.memory = *size;
        return std::nullopt;
    }

    std::optional<std::string> take_processors(const FoundOption& option) {
        auto number = parse_number(*option.value);
        if (!number || *number == 0 || *number > most_processors)
            return not_a(option, "a number from 1 to " + std::to_string(most_processors));
        command_.processors = static_cast<uint32_t>(*number);
        return std::nullopt;
    }

    /// What goes together with which platform.
    std::optional<std::string> check_platform() const {
        uint64_t least = command_.virtual_machine ? least_machine_memory : least_memory;
        if (command_.memory != 0 && command_.memory < least)
            return "--memory " + std::to_string(command_.memory >> 10) +
                   "K is too little: " + (command_.virtual_machine ? "a virtual machine" : "a sandbox") +
                   " needs at least " + std::to_string(least >> 20) + "M";
        if (command_.processors != 0 && !command_.virtual_machine)
            return "--cpus is for --platform=vm; a sandbox of host processes uses the processors that you "
                   "may "
                   "use, and `taskset` makes them fewer";
        if (!image_.empty() && !command_.virtual_machine)
            return "--image is for --platform=vm: host processes have no disk to read it from; unpack it and "
                   "use --root";
        if (command_.scratch != 0 && !command_.virtual_machine)
            return "--scratch is for --platform=vm: what host processes write lies in the host's memory";
        return std::nullopt;
    }

    /// An image is verified, or the invoker says that it is not.
    std::optional<std::string> choose_image() {
        if (image_.empty())
            return root_hash_given_
                       ? std::optional<std::string>("--root-hash is of an image; name it with --image FILE")
                       : std::nullopt;
        if (!root_.empty()) return "--root and --image both say what the root is; leave one out";
        if (!root_hash_given_)
            return "--image " + quoted(image_) +
                   ": add --root-hash HASH, which `litebox image build` printed, or --root-hash none to take "
                   "what is in the file unverified";
        std::string problem;
        auto file = real(image_, problem);
        if (!file) return "--image " + problem;
        struct stat status;
        if (stat(file->c_str(), &status) != 0 || !S_ISREG(status.st_mode))
            return "--image " + quoted(image_) +
                   " is not a regular file; `litebox image build DIRECTORY --output FILE` makes an image";
        command_.image = *file;
        command_.root_given = true;
        return std::nullopt;
    }

    std::optional<std::string> take_processes(const FoundOption& option) {
        auto number = parse_number(*option.value);
        if (!number || *number == 0 || *number > 1'000'000)
            return not_a(option, "a number from 1 to 1000000");
        command_.processes = *number;
        return std::nullopt;
    }

    std::optional<std::string> take_root_hash(const FoundOption& option) {
        constexpr size_t hash_size = 32;
        root_hash_given_ = true;
        command_.root_hash.clear();
        if (*option.value == "none") return std::nullopt;
        auto hash = parse_bytes(*option.value, hash_size);
        if (!hash)
            return "--root-hash " + quoted(*option.value) +
                   " is not 64 hexadecimal digits; `litebox image build` prints them";
        command_.root_hash = *hash;
        return std::nullopt;
    }

    std::optional<std::string> take_scratch(const FoundOption& option) {
        constexpr uint64_t least = 1 << 20,
                           most = uint64_t{1} << 43;  // slots of pages are numbered by 32 bits
        auto size = parse_size(*option.value);
        if (!size || *size < least || *size > most) return not_a(option, "a size from 1M to 8T");
        command_.scratch = *size / least * least;
        return std::nullopt;
    }

    /// An empty one is a variable that is not set: to go on without it would show what it was to hide.
    static std::optional<std::string> take_name_of_root(const FoundOption& option, std::string& where) {
        if (option.value->empty()) return not_a(option, "the name of a file or directory");
        where = *option.value;
        return std::nullopt;
    }

    static std::optional<std::string> take_time(const FoundOption& option, uint64_t& where) {
        auto time = parse_duration(*option.value);
        if (!time || *time == 0) return not_a(option, "a time");
        where = *time;
        return std::nullopt;
    }

    static std::optional<std::string> take_choice(const FoundOption& option, std::string_view no,
                                                  std::string_view yes, bool& where) {
        if (*option.value != no && *option.value != yes)
            return "--" + std::string(option.spec->name) + ": " + quoted(*option.value) + " is neither " +
                   std::string(no) + " nor " + std::string(yes);
        where = *option.value == yes;
        return std::nullopt;
    }

    std::optional<std::string> take_deny_list(const FoundOption& option) {
        auto text = read_file(*option.value);
        if (!text) return "--deny-calls " + quoted(*option.value) + ": " + strerror(errno);
        return read_deny_list(*text, *option.value, command_);
    }

    std::optional<std::string> finish() {
        if (deny_action_given_) command_.kill_on_denied = kill_;
        if (auto problem = check_platform()) return problem;
        if (auto problem = choose_image()) return problem;
        if (auto problem = choose_user()) return problem;
        if (command_.interactive && !host_.terminal)
            return "-t needs a terminal on standard input; leave it out when the input is a pipe or a file";
        if (command_.host_name.empty()) command_.host_name = "litebox";
        if (auto problem = choose_view()) return problem;
        choose_environment();
        return std::nullopt;
    }

    std::optional<std::string> choose_user() {
        std::string passwd = host_.passwd;
        if (!image_.empty()) passwd.clear();
        if (!root_.empty()) passwd = read_file(root_ + "/etc/passwd").value_or("");
        std::optional<Account> account;
        command_.uid = host_.uid;
        command_.gid = host_.gid;
        if (user_.empty()) {
            command_.groups = host_.groups;
            account = find_account(passwd, command_.uid);
        } else {
            size_t colon = user_.find(':');
            std::string name = user_.substr(0, colon);
            auto number = parse_number(name);
            account = number && *number <= UINT32_MAX ? find_account(passwd, static_cast<uint32_t>(*number))
                                                      : find_account(passwd, name);
            if (!account && !number)
                return "--user " + quoted(name) +
                       (image_.empty() ? ": there is no such user"
                                       : ": names are not looked up in an image") +
                       (root_.empty() ? "" : " in the root's /etc/passwd") +
                       "; a number works without a name";
            if (number && *number >= UINT32_MAX) return "--user " + quoted(name) + " is not a user id";
            command_.uid = account ? account->uid : static_cast<uint32_t>(*number);
            command_.gid = account ? account->gid : command_.uid;
            if (colon != std::string::npos) {
                auto group = parse_number(std::string_view(user_).substr(colon + 1));
                if (!group || *group >= UINT32_MAX)
                    return "--user " + quoted(user_) + ": write the group as a number";
                command_.gid = static_cast<uint32_t>(*group);
            }
            command_.groups = {command_.gid};
        }
        command_.user_name = account ? account->name : "user";
        command_.home = account ? account->home : "";
        if (!command_.home.starts_with('/') || command_.home == "/" || command_.home == "/nonexistent")
            command_.home = command_.uid == 0 ? "/root" : "/home/" + command_.user_name;
        return std::nullopt;
    }

    std::optional<std::string> choose_view() {
        if (!root_.empty()) {
            std::string problem;
            auto host = real(root_, problem);
            if (!host) return "--root " + problem;
            struct stat status;
            if (stat(host->c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
                return "--root " + quoted(root_) + " is not a directory; unpack an archive into one first";
            command_.grants.push_back({Grant::Kind::read_only, *host, "/"});
            command_.root_given = true;
        } else if (image_.empty()) {
            add_default_view(command_, host_);
        }
        for (Grant& grant : requested_) command_.grants.push_back(std::move(grant));
        bool visible = grant_for(command_, host_.current_directory) != nullptr && !command_.root_given;
        command_.working_directory = !cwd_.empty()
                                         ? absolute_path(cwd_, visible ? host_.current_directory : "/")
                                     : visible             ? host_.current_directory
                                     : command_.root_given ? "/"
                                                           : command_.home;
        explain_directory();
        return std::nullopt;
    }

    /// The current directory may be visible although it was not granted by default: the user named it, or one
    /// above.
    void explain_directory() {
        if (command_.root_given) return;
        if (command_.current_directory_granted) return explain_repository();
        if (grant_for(command_, host_.current_directory)) return;
        command_.notes.push_back("the current directory " + host_.current_directory +
                                 " is not visible inside, since it is " + why_not_granted(host_) +
                                 "; to show it: --ro .");
    }

    /// A repository of which the current directory is a part, but which does not say so itself.
    void explain_repository() {
        std::string repository = find_git_worktree(host_.current_directory).repository;
        // What lies in a directory of the system is not to be relied on: of /var/tmp there is one inside.
        const Grant* grant = repository.empty() ? nullptr : grant_for(command_, repository);
        if (repository.empty() || (grant && !grant->system)) return;
        command_.notes.push_back("git will not find its repository, since " + repository +
                                 " is not visible inside; to show it: --ro " + repository);
    }

    void choose_environment() {
        const char* const passing[] = {"TERM", "LANG", "LC_*", "TZ", "COLORTERM"};
        put("PATH=" + std::string(default_path));
        put("HOME=" + command_.home);
        put("USER=" + command_.user_name);
        put("LOGNAME=" + command_.user_name);
        for (const std::string& variable : host_.environment) {
            std::string_view name = std::string_view(variable).substr(0, variable.find('='));
            bool pass = std::any_of(std::begin(passing), std::end(passing),
                                    [&](auto p) { return covers(p, name); }) ||
                        std::any_of(passed_.begin(), passed_.end(), [&](auto& p) { return covers(p, name); });
            if (pass) put(variable);
        }
        for (const std::string& variable : set_) put(variable);
    }

    static bool covers(std::string_view pattern, std::string_view name) {
        return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                      : name == pattern;
    }

    /// Later ones replace earlier ones of the same name.
    void put(const std::string& variable) {
        std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
        std::erase_if(command_.environment,
                      [&](const std::string& other) { return other.starts_with(name); });
        command_.environment.push_back(variable);
    }

    const Surroundings& host_;
    RunCommand command_;
    std::vector<Grant> requested_;
    std::vector<std::string> passed_, set_;
    std::string root_, image_, cwd_, user_;
    bool kill_ = false, deny_action_given_ = false, root_hash_given_ = false;
};

}  // namespace

std::variant<RunCommand, Complaint> parse_run(std::span<const char* const> words, const Surroundings& host,
                                              bool profile) {
    return RunParser(host, profile).run(words);
}

std::optional<std::string> read_deny_list(std::string_view text, std::string_view name, RunCommand& command) {
    for (size_t number = 1; !text.empty(); number++) {
        size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line = line.substr(0, line.find('#'));
        while (!line.empty() && isspace(static_cast<unsigned char>(line.front()))) line.remove_prefix(1);
        while (!line.empty() && isspace(static_cast<unsigned char>(line.back()))) line.remove_suffix(1);
        if (line.empty()) continue;
        if (line == "action kill" || line == "action eperm") {
            command.kill_on_denied = line == "action kill";
            continue;
        }
        auto asked = parse_number(line);
        const CallName* call = asked ? call_by_number(*asked) : call_by_name(line);
        if (!call || call->number >= call_numbers) {
            std::vector<std::string_view> names;
            for (const CallName& row : call_names()) names.push_back(row.name);
            std::string_view meant = nearest(line, names);
            return std::string(name) + ":" + std::to_string(number) + ": there is no system call " +
                   quoted(line) +
                   (meant.empty() ? std::string("; `litebox syscalls` lists them")
                                  : "; did you mean " + std::string(meant) + "?");
        }
        command.denied_calls.set(call->number);
    }
    return std::nullopt;
}

}  // namespace litebox::cli
