// Which option is which.
#pragma once

#include "cli/arguments.h"

namespace litebox::cli {

enum RunOptionId : int {
    opt_platform,
    opt_cpus,
    opt_ro,
    opt_rw,
    opt_tmpfs,
    opt_root,
    opt_image,
    opt_root_hash,
    opt_scratch,
    opt_cwd,
    opt_env,
    opt_env_pass,
    opt_user,
    opt_hostname,
    opt_memory,
    opt_processes,
    opt_timeout,
    opt_cpu_time,
    opt_wx,
    opt_deny_calls,
    opt_deny_action,
    opt_allow_slow_fs,
    opt_interactive,
    opt_terminal,
    opt_trace,
    opt_stats,
    opt_json,
    opt_quiet,
    opt_help,
};

std::span<const OptionSpec> run_options();

}  // namespace litebox::cli
