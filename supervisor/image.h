// The sandbox image: placed at this run's random address, as an executable in memory.
#pragma once

#include <fcntl.h>

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

/// Chooses the addresses of a run. `arena_length` is rounded up to 4 GiB.
process::Windows choose_windows(uint64_t arena_length, uint64_t block_length);

/// Where the gate's system-call instruction is in a run with these windows.
uint64_t gate_address(const process::Windows& windows);

/// Nothing changes in it any more. Nobody has mapped it to write, so F_SEAL_FUTURE_WRITE says all;
/// F_SEAL_WRITE would have to wait for every processor to let go of the file's pages.
inline constexpr unsigned read_only_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
/// Seals a memory file. Throws std::system_error.
void seal(int file, unsigned seals);

/// A sealed memory file that execveat(2) starts: the image's constants and start-up code, relocated to
/// `windows.image`. Throws std::system_error.
int make_image(const process::Windows& windows);

/// Where the image's code begins in this program's own file, from which the start-up code maps it: that file
/// cannot be written to while it is being executed.
uint64_t text_file_offset();

}  // namespace litebox::supervisor
