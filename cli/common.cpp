// What the commands share: words for the user, their options, and where they stand.
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/values.h"

extern char** environ;

namespace litebox::cli {

namespace {

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        ssize_t written = write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<size_t>(written));
    }
}

}  // namespace

void complain(std::string_view text) {
    write_all(STDERR_FILENO, "litebox: " + printable(text) + "\n");
}

int fail(const Complaint& complaint) {
    complain(complaint.text);
    return complaint.code;
}

void print(std::string_view text) {
    write_all(STDOUT_FILENO, text);
}

SimpleOptions parse_simple(std::string_view command, std::string_view usage, Words words) {
    static constexpr OptionSpec specs[] = {
        {0, "json", 0, ValueKind::none, "", "", "print JSON instead of text"},
        {1, "help", 'h', ValueKind::none, "", "", "this text"},
    };
    SimpleOptions result;
    ParsedArguments parsed = parse_arguments(words, specs);
    if (!parsed.error && !parsed.rest.empty())
        parsed.error =
            "unexpected '" + parsed.rest[0] + "'; `litebox " + std::string(command) + "` takes no arguments";
    if (parsed.error) {
        complain(std::string(command) + ": " + *parsed.error);
        result.exit_code = exit_litebox;
        return result;
    }
    for (const FoundOption& option : parsed.options) {
        if (option.spec->id == 0) {
            result.json = true;
        } else {
            print(std::string(usage) + "\n" + describe_options(specs));
            result.exit_code = 0;
        }
    }
    return result;
}

Surroundings host_surroundings() {
    Surroundings host;
    char here[PATH_MAX];
    host.current_directory = getcwd(here, sizeof here) && here[0] == '/' ? here : "/";
    for (char** variable = environ; *variable; variable++) host.environment.emplace_back(*variable);
    host.passwd = read_file("/etc/passwd").value_or("");
    host.uid = getuid();
    host.gid = getgid();
    gid_t groups[NGROUPS_MAX > 1024 ? 1024 : NGROUPS_MAX];
    int count = getgroups(static_cast<int>(std::size(groups)), groups);
    for (int i = 0; i < count; i++) host.groups.push_back(groups[i]);
    struct sysinfo machine;
    if (sysinfo(&machine) == 0) host.memory = static_cast<uint64_t>(machine.totalram) * machine.mem_unit;
    host.terminal = isatty(STDIN_FILENO);
    return host;
}

int command_sibling(std::string_view name, Words words) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        complain("cannot tell where this program lies (is /proc mounted?)");
        return exit_litebox;
    }
    std::string path(self, static_cast<size_t>(length));
    path = path.substr(0, path.rfind('/') + 1) + "litebox-" + std::string(name);
    std::vector<char*> arguments{path.data()};
    for (const char* word : words) arguments.push_back(const_cast<char*>(word));
    arguments.push_back(nullptr);
    execv(path.c_str(), arguments.data());
    if (errno == ENOENT)
        complain("`litebox " + std::string(name) + "` is the program " + path +
                 ", which is not there; build it with make");
    else
        complain(path + ": " + strerror(errno));
    return errno == ENOENT ? exit_not_found : exit_not_runnable;
}

}  // namespace litebox::cli
