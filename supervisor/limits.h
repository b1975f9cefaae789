// What the host's kernel itself limits, before the sandbox has a process.
#pragma once

#include <sys/resource.h>

#include <cstdint>

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

/// Numbers below which granted files lie inside, and some for the openers.
inline constexpr uint64_t needed_descriptors = process::write_window_end + 64;

/// Processes and threads without --processes: 1,024, or half of what the invoker has left.
uint64_t default_tasks();

/// The invoker's limit of file sizes also holds for memory files: raised as far as it may be while the
/// sandbox's are made. Keeps what it was.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(uint64_t needed);
    /// In the child: granted files are written under the invoker's own limit; too much is EFBIG, no signal.
    void restore() const;

  private:
    rlimit before_{RLIM_INFINITY, RLIM_INFINITY};
};

/// Throws when the invoker may not open as many files as the windows hold.
void check_descriptor_limit();

/// In the child, while it sees the host's /proc: its processes are the first to go when memory runs out.
void be_first_to_go();

/// In the child, inside its user namespace: no core files, no more processes and threads than `tasks`, enough
/// descriptors for the windows.
void limit_self(uint64_t tasks);

}  // namespace litebox::supervisor
