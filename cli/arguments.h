// A small option parser: GNU style, options end at the first word that is none or at `--`, every complaint
// says what to do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebox::cli {

enum class ValueKind { none, required, optional };

struct OptionSpec {
    int id;                 // the command's own enumeration
    std::string_view name;  // without the dashes
    char letter;            // 0 when there is no short form
    ValueKind value;
    std::string_view metavar;  // shown in help and messages
    std::string_view example;  // a value that works, for messages
    std::string_view help;
};

struct FoundOption {
    const OptionSpec* spec;
    std::optional<std::string> value;
};

struct ParsedArguments {
    std::vector<FoundOption> options;
    std::vector<std::string> rest;     // what follows the options
    bool dashes = false;               // whether `--` ended them
    std::optional<std::string> error;  // one line; nothing else is meaningful then
};

ParsedArguments parse_arguments(std::span<const char* const> words, std::span<const OptionSpec> specs);

/// The candidate that a mistyped word most likely meant; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// Help lines for a table of options, wrapped at 100 columns.
std::string describe_options(std::span<const OptionSpec> specs);

}  // namespace litebox::cli
