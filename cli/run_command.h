// What `litebox run` and `litebox profile` were asked for, as values: parsing has no effect on the world but
// reading it.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cli/arguments.h"

namespace litebox::cli {

/// LiteBox itself failed; the program cannot be run; there is no such program.
inline constexpr int exit_litebox = 125, exit_not_runnable = 126, exit_not_found = 127;

struct Grant {
    enum class Kind : uint8_t { read_only, read_write, temporary };
    Kind kind;
    std::string host;   // absolute, symbolic links resolved; empty when temporary
    std::string guest;  // absolute
    uint64_t size = 0;  // temporary: limit in bytes, 0 = default
    bool system = false;
};

inline constexpr size_t call_numbers = 512;

struct RunCommand {
    std::vector<Grant> grants;  // in the order of mounting: a later one covers an earlier one
    bool root_given = false;
    std::string image;               // the root's file; empty: none
    std::vector<uint8_t> root_hash;  // of its hash tree; empty: it is not verified
    uint64_t scratch = 0;            // bytes of a virtual machine's scratch disk; 0: none
    bool current_directory_granted = false;

    std::vector<std::string> arguments;  // the program first
    std::vector<std::string> environment;
    std::string working_directory, home, user_name, host_name;
    uint32_t uid = 0, gid = 0;
    std::vector<uint32_t> groups;

    bool virtual_machine = false;
    uint32_t processors = 0;   // of the virtual machine; 0 = as many as the invoker may use
    uint64_t memory = 0;       // bytes; 0 = half of what the machine has
    uint64_t processes = 0;    // processes and threads together; 0 = the default
    uint64_t timeout_ms = 0;   // 0 = none
    uint64_t cpu_time_ms = 0;  // 0 = none
    bool deny_write_execute = false;
    bool allow_slow_fs = false;
    bool interactive = false;  // -t: a terminal is required
    bool quiet = false;
    bool statistics = false;
    bool profile = false;
    bool trace = false;
    std::string trace_file;  // empty: standard error
    bool json = false;
    std::string json_file;  // empty: standard error
    std::bitset<call_numbers> denied_calls;
    bool kill_on_denied = false;

    std::vector<std::string> notes;  // lines for the user unless --quiet
};

/// One line for the user, and the exit code.
struct Complaint {
    int code;
    std::string text;
};

/// What parsing looks at besides the words. A test gives its own.
struct Surroundings {
    std::string current_directory;
    std::vector<std::string> environment;  // NAME=VALUE
    std::string passwd;                    // text of /etc/passwd
    uint32_t uid = 0, gid = 0;
    std::vector<uint32_t> groups;
    uint64_t memory = 0;    // bytes of the machine
    bool terminal = false;  // whether standard input is one
};

Surroundings host_surroundings();

std::span<const OptionSpec> run_options();

/// `profile` is `litebox profile`, which takes the same options.
std::variant<RunCommand, Complaint> parse_run(std::span<const char* const> words, const Surroundings& host,
                                              bool profile = false);

/// The text of a deny list: names or numbers of calls, `#` comments, and `action eperm` or `action kill`.
std::optional<std::string> read_deny_list(std::string_view text, std::string_view name, RunCommand& command);

}  // namespace litebox::cli
