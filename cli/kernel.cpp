// litebox kernel: the kernel of the VM platform as a file.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

namespace {

constexpr OptionSpec specs[] = {
    {0, "output", 'o', ValueKind::required, "FILE", "litebox.elf", "where to write it; - is standard output"},
    {1, "help", 'h', ValueKind::none, "", "", "this text"},
};

int complain_kernel(const std::string& text) {
    complain("kernel: " + text);
    return exit_litebox;
}

/// A file that is there already is replaced whole or stays as it is.
int write_kernel(const std::string& path) {
    std::string_view kernel = supervisor::embedded_kernel();
    if (kernel.empty()) return complain_kernel("this build of litebox carries no kernel; build it with make");
    const bool standard = path == "-";
    const std::string unfinished = path + ".unfinished";
    int file =
        standard ? STDOUT_FILENO : open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return complain_kernel("--output " + path + ": " + strerror(errno));
    while (!kernel.empty()) {
        ssize_t written = write(file, kernel.data(), kernel.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        kernel.remove_prefix(static_cast<size_t>(written));
    }
    bool good =
        kernel.empty() && (standard || (close(file) == 0 && rename(unfinished.c_str(), path.c_str()) == 0));
    if (good) return 0;
    const int problem = errno;
    if (!standard) unlink(unfinished.c_str());
    return complain_kernel("writing " + path + ": " + strerror(problem));
}

}  // namespace

int command_kernel(Words words) {
    ParsedArguments parsed = parse_arguments(words, specs);
    if (parsed.error) return complain_kernel(*parsed.error);
    if (!parsed.rest.empty())
        return complain_kernel("unexpected '" + parsed.rest[0] + "'; write litebox kernel --output " +
                               parsed.rest[0]);
    std::string path;
    for (const FoundOption& option : parsed.options) {
        if (option.spec->id == 1) {
            print(
                "usage: litebox kernel --output FILE\n\nWrites the ELF file that --platform=vm boots. It "
                "boots by its "
                "PVH note; see the manual.\n\n" +
                describe_options(specs));
            return 0;
        }
        path = *option.value;
    }
    if (path.empty()) return complain_kernel("where to? for example: litebox kernel --output litebox.elf");
    return write_kernel(path);
}

}  // namespace litebox::cli
