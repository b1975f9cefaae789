// What the supervisor tells the sandbox of the grants' roots, so that it need not ask for each when it
// starts.
#pragma once

#include <string>
#include <vector>

#include "platform/process/abi/start_block.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

struct GrantRoot {
    uint32_t uid, gid;                      // as whom the grant is served
    platform::HostAttributes attributes{};  // mode 0: not there
    std::string link;                       // target, if it is a symbolic link
};

/// Looks at every grant. `identity` is the run's unprivileged one.
std::vector<GrantRoot> look_at_grants(const RunOptions& options, uint32_t identity);

}  // namespace litebox::supervisor
