// Looks at the program before anything is started, to say in one line what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/run_command.h"

namespace litebox::cli {

/// Nothing when the program looks runnable (the core decides in the end), or the complaint and its exit code.
/// Writes nothing and executes nothing.
std::optional<Complaint> check_program(const RunCommand& command);

/// Judges the first bytes of an executable file of `size` bytes. `interpreter` gets what has to be found
/// next: the one of
/// `#!` or of PT_INTERP; empty when there is none. For tests and for check_program.
std::optional<std::string> judge_image(std::string_view head, uint64_t size, std::string& interpreter);

}  // namespace litebox::cli
