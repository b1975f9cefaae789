// Builds the block of start-up data that the sandbox maps read-only.
#pragma once

#include <string>

#include "platform/process/abi/start_block.h"
#include "supervisor/filter.h"
#include "supervisor/grants.h"
#include "supervisor/lanes.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

struct StartData {
    process::Windows windows;
    const std::vector<process::FilterInstruction>* filter;
    bool clones_processes;
    const std::vector<process::FilterInstruction>* opener_filter;
    const std::vector<process::FilterInstruction>* idle_filter;
    uint64_t memory, temporary;
    uint32_t processors, usable_processors, tasks, terminal_streams;
    const std::vector<GrantRoot>* roots;  // by grant
    bool switch_identity = false;
    const FileLanes* lanes = nullptr;
};

/// Upper bound of the block's size for these options.
uint64_t block_bound(const RunOptions& options, const std::vector<GrantRoot>& roots, size_t filter_length);
/// The block's bytes, with pointers that hold at `data.windows.block`.
std::string make_block(const RunOptions& options, const StartData& data);

}  // namespace litebox::supervisor
