// One function for each command of `litebox`; each gets the words after its name and gives the exit code.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/run_command.h"

namespace litebox::cli {

using Words = std::span<const char* const>;

int command_run(Words words);
int command_profile(Words words);
int command_kernel(Words words);
int command_image(Words words);
int command_doctor(Words words);
int command_policy(Words words);
int command_syscalls(Words words);
int command_help(Words words);

/// attest, measure and broker are executables of their own beside this one.
int command_sibling(std::string_view name, Words words);

/// `litebox: TEXT` on standard error.
void complain(std::string_view text);
int fail(const Complaint& complaint);

void print(std::string_view text);  // standard output; a closed pipe is not an error

/// For the commands whose only options are --json and --help: whether --json was given, or the exit code to
/// end with.
struct SimpleOptions {
    bool json = false;
    int exit_code = -1;
};
SimpleOptions parse_simple(std::string_view command, std::string_view usage, Words words);

std::string run_usage(bool profile);

}  // namespace litebox::cli
