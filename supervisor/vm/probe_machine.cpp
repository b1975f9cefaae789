#include "supervisor/vm/probe_machine.h"

#include <stdio.h>

#include <stdexcept>

#include "supervisor/vm/accelerator.h"
#include "supervisor/vm/monitor_files.h"

namespace litebox::supervisor {

namespace {

/// The first line that it prints about itself.
std::string version_of(const std::string& program) {
    char line[256] = "";
    if (FILE* output = popen((program + " --version 2>/dev/null").c_str(), "r")) {
        (void)!fgets(line, sizeof(line), output);
        pclose(output);
    }
    std::string text = line;
    return text.substr(0, text.find('\n'));
}

Probe probe_monitor() {
    try {
        MonitorFiles files = monitor_files(true);
        return {"virtual machine monitor", Probe::State::good,
                version_of(files.program) + ", " + files.program + " with " +
                    std::to_string(files.libraries.size()) + " libraries and " + files.firmware,
                "", false};
    } catch (const std::runtime_error& problem) {
        return {"virtual machine monitor", Probe::State::missing, problem.what(), monitor_remedy, false};
    }
}

Probe probe_acceleration() {
    Accelerator choice = choose_accelerator();
    std::string taken = choice.kvm ? "run --platform=vm uses KVM" : "run --platform=vm uses QEMU's emulation";
    std::string remedy = choice.kvm ? ""
                         : choice.opens
                             ? "a host whose processor runs ring 0 of virtual machines itself"
                             : "a host with KVM, and membership of the group that may open /dev/kvm";
    return {"KVM", choice.kvm ? Probe::State::good : Probe::State::limited, choice.why + ": " + taken, remedy,
            false};
}

}  // namespace

std::vector<Probe> probe_machine() {
    return {probe_monitor(), probe_acceleration()};
}

}  // namespace litebox::supervisor
