// litebox: finds the command and hands over.
#include <string.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/json.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

namespace {

constexpr std::string_view version = LITEBOX_VERSION;

struct Command {
    std::string_view name, summary;
    int (*run)(Words);
};

int command_version(Words words) {
    SimpleOptions options = parse_simple("version", "usage: litebox version [--json]\n", words);
    if (options.exit_code >= 0) return options.exit_code;
    if (options.json)
        print(JsonWriter().begin_object().member("version", version).end_object().text() + "\n");
    else
        print("LiteBox " + std::string(version) + "\n");
    return 0;
}

constexpr Command commands[] = {
    {"run", "run a program inside", command_run},
    {"profile", "run a program and say what it used, and a deny list that would still let it run",
     command_profile},
    {"kernel", "write the kernel of --platform=vm to a file, for a virtual machine monitor of your choice",
     command_kernel},
    {"image", "make an image of a directory, with a hash tree, for the root of a virtual machine",
     command_image},
    {"doctor", "what this host offers, what is enforced, what is missing and how to get it", command_doctor},
    {"policy", "the host system calls that a sandbox may make, with their constraints", command_policy},
    {"syscalls", "every Linux system call: full, partial (what is missing) or absent", command_syscalls},
    {"attest", "check evidence of a confidential guest", nullptr},
    {"measure", "the measurement that evidence of an image would carry", nullptr},
    {"broker", "hand out keys against evidence", nullptr},
    {"version", "this program's version", command_version},
    {"help", "this text, or `litebox help COMMAND`", command_help},
};

int usage(bool asked) {
    std::string text = "usage: litebox COMMAND [OPTIONS]\n\n";
    for (const Command& command : commands) {
        std::string line = "  " + std::string(command.name);
        line.resize(13, ' ');
        text += line + std::string(command.summary) + "\n";
    }
    text +=
        "\nfor example:\n"
        "  litebox run -- python3 script.py\n"
        "  litebox run --rw out -- make -j2\n"
        "  litebox run --root rootfs -- /bin/sh\n"
        "  litebox run --platform=vm -- python3 script.py\n";
    if (asked) {
        print(text);
        return 0;
    }
    if (write(STDERR_FILENO, text.data(), text.size()) < 0) return exit_litebox;
    return exit_litebox;
}

const Command* find(std::string_view name) {
    for (const Command& command : commands)
        if (command.name == name) return &command;
    return nullptr;
}

int unknown(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Command& command : commands) names.push_back(command.name);
    std::string_view meant = nearest(name, names);
    std::string text = "there is no command '" + printable(name) + "'";
    if (!meant.empty())
        text += "; did you mean `litebox " + std::string(meant) + "`?";
    else
        text += "; to run a program: litebox run -- " + printable(name);
    complain(text);
    return exit_litebox;
}

int dispatch(Words words) {
    if (words.empty()) return usage(false);
    std::string_view name = words[0];
    if (name == "--help" || name == "-h") return usage(true);
    if (name == "--version" || name == "-V") return command_version({});
    const Command* command = find(name);
    if (!command) return unknown(name);
    if (!command->run) return command_sibling(name, words.subspan(1));
    return command->run(words.subspan(1));
}

}  // namespace

int command_help(Words words) {
    if (words.empty()) return usage(true);
    const Command* command = find(words[0]);
    if (!command) return unknown(words[0]);
    if (command->run == command_help) return usage(true);
    static constexpr const char* help[] = {"--help"};
    return command->run ? command->run(Words(help)) : command_sibling(command->name, Words(help));
}

}  // namespace litebox::cli

int main(int argc, char** argv) {
    if (argc < 1) return litebox::cli::exit_litebox;
    int status = litebox::cli::dispatch({argv + 1, static_cast<size_t>(argc - 1)});
    litebox::supervisor::drop_unused_opener();
    return status;
}
