// The boot module that tells the kernel what the invoker asked for (platform/vm/abi/parameters.h).
#pragma once

#include <string>
#include <vector>

#include "supervisor/grants.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

struct MachineParameters {
    uint64_t memory, temporary;  // bytes
    uint32_t tasks;
    uint32_t terminal_streams;            // bit per stream
    uint16_t rows, columns;               // of the terminal
    const std::vector<GrantRoot>* roots;  // by grant
    /// By grant: whom the export shows in place of its owner.
    const std::vector<uint32_t>* shown_as;
};

/// The module's bytes. Throws std::system_error where there is no entropy.
std::string make_parameters(const RunOptions& options, const MachineParameters& machine);

}  // namespace litebox::supervisor
