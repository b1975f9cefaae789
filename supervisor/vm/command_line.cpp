#include "supervisor/vm/command_line.h"

#include <algorithm>

#include "platform/vm/abi/control.h"
#include "supervisor/vm/monitor.h"

namespace litebox::supervisor {

namespace {

bool grants_writing(const RunOptions& options) {
    return std::any_of(options.grants.begin(), options.grants.end(),
                       [](const Grant& grant) { return grant.kind == Grant::Kind::read_write; });
}

/// The monitor gets the file open, so that it is the one that was looked at, whatever its name becomes.
void add_disk(std::vector<std::string>& words, int file, const std::string& options) {
    const std::string number = std::to_string(file);
    for (const std::string& word :
         {std::string("-add-fd"), "set=" + number + ",fd=" + number, std::string("-drive"),
          "if=none,format=raw,id=disk" + number + ",file=/dev/fdset/" + number + "," + options,
          std::string("-device"), "virtio-blk-device,drive=disk" + number})
        words.push_back(word);
}

}  // namespace

std::vector<std::string> monitor_environment() {
    return {std::string("LD_LIBRARY_PATH=") + monitor_libraries,
            std::string("QEMU_MODULE_DIR=") + monitor_modules};
}

std::vector<std::string> monitor_command(const MonitorPlan& plan, bool kvm) {
    // The cache of translated code would take a share of the host's memory without a limit of its own.
    constexpr const char* emulation = "tcg,thread=multi,tb-size=128";
    const std::string control = std::to_string(monitor_control);
    const std::string export_options = std::string("local,id=view,path=") + monitor_export +
                                       ",security_model=none,multidevs=remap" +
                                       (grants_writing(*plan.options) ? "" : ",readonly=on");
    std::vector<std::string> words{
        "qemu",
        "-no-user-config",
        "-nodefaults",
        "-display",
        "none",
        // A kernel that is at its end resets the machine, and that ends QEMU.
        "-no-reboot",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-M",
        "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,auto-kernel-cmdline=on,x-option-roms=off",
        "-accel",
        kvm ? "kvm" : emulation,
        "-cpu",
        "max",
        "-m",
        "size=" + std::to_string(plan.memory >> 10) + "K",
        "-smp",
        std::to_string(plan.processors),
        "-global",
        "virtio-mmio.force-legacy=false",
        "-bios",
        monitor_firmware,
        "-kernel",
        monitor_kernel,
        "-initrd",
        monitor_parameters,
        // QEMU adds where the devices are.
        "-append",
        "cpus=" + std::to_string(plan.processors),
        "-chardev",
        "stdio,id=log,signal=off",
        "-serial",
        "chardev:log",
        "-chardev",
        "socket,id=control,fd=" + control,
        "-device",
        "virtio-serial-device",
        "-device",
        std::string("virtserialport,chardev=control,name=") + vm::control_port_name,
        "-fsdev",
        export_options,
        "-device",
        "virtio-9p-device,fsdev=view,mount_tag=view",
        "-object",
        "rng-builtin,id=entropy",
        "-device",
        "virtio-rng-device,rng=entropy",
    };
    if (plan.image.get() >= 0) add_disk(words, monitor_image, "readonly=on");
    // Nothing of it is wanted later: the host need not hurry to write it.
    if (plan.scratch.get() >= 0) add_disk(words, monitor_scratch, "cache=unsafe,auto-read-only=off");
    return words;
}

}  // namespace litebox::supervisor
