// What the program will see of the host: the default view, and looking paths up in it the way the core will.
#pragma once

#include <string>
#include <string_view>

#include "cli/run_command.h"

namespace litebox::cli {

/// The system's directories, the current directory where that gives nothing private away, and the repository
/// that it is a linked worktree of.
void add_default_view(RunCommand& command, const Surroundings& host);

/// Why the current directory is not granted: "your home directory", say. Empty when it is granted.
std::string why_not_granted(const Surroundings& host);

/// The grant that shows this clean absolute guest path, or null.
const Grant* grant_for(const RunCommand& command, std::string_view guest_path);

struct Located {
    enum class Outcome { found, missing, outside, memory, loop };
    Outcome outcome;
    std::string guest;  // where the walk ended: absolute, symbolic links resolved
    std::string host;   // found: the host's file
};

/// Walks a guest path through the grants, resolving symbolic links as the guest will. `outside`: no grant
/// shows it. `memory`: it lies in a file system of the sandbox's own, which is empty at the start.
Located locate(const RunCommand& command, std::string_view guest_path);

}  // namespace litebox::cli
