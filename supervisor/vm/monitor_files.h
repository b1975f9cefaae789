// The virtual machine monitor on this host: which program, and the files without which it does not start.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace litebox::supervisor {

struct MonitorFiles {
    std::string program;
    std::string interpreter;  // of the program
    std::vector<std::string> libraries, modules;
    std::string firmware;
};

/// How to get what is missing.
inline constexpr char monitor_remedy[] =
    "apt install qemu-system-x86 (or your system's package of QEMU for x86-64)";

/// The path of QEMU's program for x86-64; nothing where there is none.
std::optional<std::string> find_monitor();

/// Throws std::runtime_error, with what to do, where something is missing. `emulated`: without KVM.
MonitorFiles monitor_files(bool emulated);

}  // namespace litebox::supervisor
