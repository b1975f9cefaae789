#include "supervisor/vm/monitor_files.h"

#include <unistd.h>

#include <stdexcept>

#include "supervisor/vm/libraries.h"

namespace litebox::supervisor {

namespace {

/// The first that can be read.
std::optional<std::string> first_of(const std::vector<std::string>& paths, int mode) {
    for (const std::string& path : paths)
        if (access(path.c_str(), mode) == 0) return path;
    return std::nullopt;
}

std::string prefix_of(const std::string& program) {
    constexpr std::string_view below = "/bin/";
    return program.substr(0, program.rfind(below));
}

}  // namespace

std::optional<std::string> find_monitor() {
    return first_of({"/usr/bin/qemu-system-x86_64", "/usr/local/bin/qemu-system-x86_64"}, X_OK);
}

MonitorFiles monitor_files(bool emulated) {
    MonitorFiles files;
    auto program = find_monitor();
    if (!program)
        throw std::runtime_error(
            std::string("--platform=vm needs QEMU, and qemu-system-x86_64 is not here: ") + monitor_remedy);
    files.program = *program;
    std::string prefix = prefix_of(files.program);
    auto firmware = first_of({prefix + "/share/qemu/qboot.rom", prefix + "/share/qemu/bios-microvm.bin",
                              "/usr/share/qemu/qboot.rom"},
                             R_OK);
    if (!firmware)
        throw std::runtime_error("QEMU's firmware qboot.rom is not in " + prefix +
                                 "/share/qemu: apt install qemu-system-data");
    files.firmware = *firmware;
    // Where emulation is no part of the program.
    constexpr const char* module = "/qemu/accel-tcg-x86_64.so";
    if (auto emulation = first_of(
            {prefix + "/lib/x86_64-linux-gnu" + module, prefix + "/lib64" + module, prefix + "/lib" + module},
            R_OK);
        emulated && emulation)
        files.modules.push_back(*emulation);
    ProgramFiles needed = program_files(files.program, files.modules);
    files.interpreter = needed.interpreter;
    files.libraries = needed.libraries;
    return files;
}

}  // namespace litebox::supervisor
