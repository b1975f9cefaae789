// What a run took, in words and as JSON.
#pragma once

#include <string>

#include "cli/run_command.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

/// --stats: a few lines of sums and the calls by number, the most frequent first.
std::string statistics_text(const supervisor::RunReport& report);

/// litebox profile: calls, files, memory, and a deny list.
std::string profile_text(const RunCommand& command, const supervisor::RunReport& report);

std::string report_json(const RunCommand& command, const supervisor::RunReport& report, int exit_code);

/// A deny list of every call that the run did not use; `--deny-calls` reads it.
std::string deny_list(const supervisor::RunReport& report);

}  // namespace litebox::cli
