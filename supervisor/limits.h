// What the host's kernel itself limits, before the sandbox has a process.
#pragma once

#include <cstdint>

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

/// Numbers below which granted files lie inside, and some for the openers.
inline constexpr uint64_t needed_descriptors = process::write_window_end + 64;

/// Processes and threads without --processes: 1,024, or half of what the invoker has left.
uint64_t default_tasks();

/// Besides the program's: opener, PID 1, the system process, the spare and those on their way out.
inline constexpr uint64_t own_tasks = 96;

/// The invoker's limit of file sizes also holds for memory files: raised as far as it may be. The opener was
/// made under the invoker's own.
void raise_file_size_limit(uint64_t needed);

/// Throws when the invoker may not open as many files as the windows hold.
void check_descriptor_limit();

}  // namespace litebox::supervisor
