// litebox image: images for the root of a virtual machine.
#include <exception>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/values.h"
#include "supervisor/root_image.h"

namespace litebox::cli {

namespace {

enum Option { option_output, option_timestamp, option_keep_owners, option_json, option_help };

constexpr OptionSpec specs[] = {
    {option_output, "output", 'o', ValueKind::required, "FILE", "root.img", "where the image goes"},
    {option_timestamp, "timestamp", 0, ValueKind::required, "SECONDS", "0",
     "the time of every file, in seconds since 1970; without it each file keeps its own"},
    {option_keep_owners, "keep-owners", 0, ValueKind::none, "", "",
     "files keep their owners and groups; without it all belong to root"},
    {option_json, "json", 0, ValueKind::none, "", "", "print JSON instead of text"},
    {option_help, "help", 'h', ValueKind::none, "", "", "this text"},
};

constexpr std::string_view usage =
    "usage: litebox image build DIRECTORY --output FILE [OPTIONS]\n\n"
    "Makes an EROFS image of a directory, with a dm-verity hash tree behind it, and prints the root hash. "
    "The "
    "same files give\nthe same image and the same root hash.\n\n";

struct BuildCommand {
    std::string directory, output;
    supervisor::ImageOptions options;
    bool json = false, help = false;
};

/// Nothing: all is well. Otherwise the complaint.
std::optional<std::string> take(const FoundOption& option, BuildCommand& command) {
    switch (option.spec->id) {
        case option_output:
            command.output = *option.value;
            break;
        case option_timestamp: {
            auto seconds = parse_number(*option.value);
            if (!seconds || *seconds > UINT32_MAX)
                return "--timestamp " + *option.value + " is not a number of seconds, for example 0";
            command.options.timestamp = static_cast<uint32_t>(*seconds);
            break;
        }
        case option_keep_owners:
            command.options.keep_owners = true;
            break;
        case option_json:
            command.json = true;
            break;
        default:
            command.help = true;
    }
    return std::nullopt;
}

/// Options may stand before and behind the directory.
std::optional<std::string> parse_build(Words words, BuildCommand& command) {
    while (!words.empty()) {
        ParsedArguments parsed = parse_arguments(words, specs);
        if (parsed.error) return parsed.error;
        for (const FoundOption& option : parsed.options)
            if (auto wrong = take(option, command)) return wrong;
        if (parsed.rest.empty()) break;
        if (!command.directory.empty())
            return "unexpected '" + parsed.rest[0] + "'; an image is made of one directory";
        command.directory = parsed.rest[0];
        words = words.last(parsed.rest.size() - 1);
    }
    if (command.help) return std::nullopt;
    if (command.directory.empty() || command.output.empty())
        return "name a directory and where the image goes: litebox image build rootfs --output root.img";
    return std::nullopt;
}

void print_image(const BuildCommand& command, const supervisor::RootImage& image) {
    if (command.json) {
        print(JsonWriter()
                  .begin_object()
                  .member("file", std::string_view(command.output))
                  .member("size", image.size)
                  .member("hash_offset", image.hash_offset)
                  .member("root_hash", std::string_view(image.root_hash))
                  .end_object()
                  .text() +
              "\n");
        return;
    }
    print("root hash: " + image.root_hash + "\nhash tree at: " + std::to_string(image.hash_offset) + "\n");
}

}  // namespace

int command_image(Words words) {
    if (!words.empty() && (words[0] == std::string_view("--help") || words[0] == std::string_view("-h"))) {
        print(std::string(usage) + describe_options(specs));
        return 0;
    }
    if (words.empty() || words[0] != std::string_view("build")) {
        complain("image: what to do? for example: litebox image build rootfs --output root.img");
        return exit_litebox;
    }
    BuildCommand command;
    if (auto wrong = parse_build(words.subspan(1), command)) {
        complain("image build: " + *wrong);
        return exit_litebox;
    }
    if (command.help) {
        print(std::string(usage) + describe_options(specs));
        return 0;
    }
    try {
        print_image(command,
                    supervisor::build_root_image(command.directory, command.output, command.options));
    } catch (const std::exception& problem) {
        complain(std::string("image build: ") + problem.what());
        return exit_litebox;
    }
    return 0;
}

}  // namespace litebox::cli
