// The monitor's process: what it sees, who it is, and what it may do, settled before QEMU's first
// instruction.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/lanes.h"
#include "supervisor/supervisor.h"
#include "supervisor/vm/grant_mounts.h"
#include "supervisor/vm/monitor_files.h"

namespace litebox::supervisor {

struct MonitorPlan {
    const RunOptions* options;
    MonitorFiles files;
    std::string_view kernel;  // an ELF file
    std::string parameters;   // the boot module
    uint64_t memory;          // of the machine, bytes
    uint32_t processors;      // of the machine
    uint32_t user, group;     // the invoker
    uint32_t identity;        // of this run, when the invoker is root
    GrantMounts grants;       // those taken already that are shown with other identities
    std::vector<FileLanes::Covered> covered;
    Descriptor image;    // the root's, open for reading; none: the root is of grants
    Descriptor scratch;  // a file without a name; none: there is no scratch disk
};

/// A process of ours that the watch looks after from now on.
struct MonitorStart {
    pid_t process = -1;
    Descriptor sync;     // socket to it until it has started
    Descriptor control;  // our end of the control port
    Descriptor log;      // of its serial line and its own complaints
};

/// Makes the process, which prepares itself and waits. Throws std::system_error.
MonitorStart start_monitor(MonitorPlan& plan);

/// Lets it become QEMU, with KVM or without. An empty text, or what went wrong.
std::string finish_monitor(MonitorStart& start, bool kvm);

/// A user namespace that exchanges `uid` and `gid` with `identity`, for a mount that is served as its owner.
/// -1 where there is none to be had. Root's alone.
Descriptor exchange_identities(uint32_t uid, uint32_t gid, uint32_t identity);

}  // namespace litebox::supervisor
