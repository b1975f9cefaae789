// The sandbox image: placed at this run's random address, as an executable in memory.
#pragma once

#include "platform/process/abi/start_block.h"

namespace litebox::supervisor {

/// Chooses the addresses of a run. `arena_length` is rounded up to 4 GiB.
process::Windows choose_windows(uint64_t arena_length, uint64_t block_length);

/// Where the gate's system-call instruction is in a run with these windows.
uint64_t gate_address(const process::Windows& windows);

/// Seals a memory file. Throws std::system_error.
void seal(int file, unsigned seals);

/// A sealed memory file that execveat(2) starts: the image relocated to `windows.image`. Throws
/// std::system_error.
int make_image(const process::Windows& windows);

}  // namespace litebox::supervisor
