// Which opener serves which grant.
#pragma once

#include <string>
#include <vector>

#include "platform/process/abi/start_block.h"
#include "supervisor/grants.h"

namespace litebox::supervisor {

struct FileLanes {
    std::vector<process::FileLaneParameters> lanes;
    std::vector<uint8_t> grant_lanes;  // by grant
    /// Mounts beneath grants that may not answer and were not asked for: shown empty.
    struct Covered {
        size_t grant;
        std::string place;  // relative to the grant's root
    };
    std::vector<Covered> covered;
};

/// `identity` is the run's unprivileged one. Throws, with what to do about it, where a grant lies on a file
/// system that may not answer, unless options say that this is wanted.
FileLanes assign_lanes(const RunOptions& options, const std::vector<GrantRoot>& roots, uint32_t identity);

}  // namespace litebox::supervisor
