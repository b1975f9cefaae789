#include "platform/vm/device/kernel/devices.h"

#include "platform/vm/machine.h"
#include "platform/vm/text_line.h"

namespace litebox::vm {

namespace {

/// An object in frames of its own, for as long as the machine runs: there is no heap before the core.
template <typename T, typename... Arguments>
T& make(Arguments&&... arguments) {
    unsigned order = 0;
    while ((page_size << order) < sizeof(T)) order++;
    auto first = frames().allocate(order, FrameUse::kernel);
    if (!first.ok()) platform::panic("the machine has too little memory for its devices");
    return *new (direct(first.value())) T(std::forward<Arguments>(arguments)...);
}

void start_failed(std::string_view name, Errno error) {
    TextLine line;
    line.text("the ").text(name).text(" device does not start: ");
    line.text(error == Errno::enomem   ? "too little memory"
              : error == Errno::enodev ? "it lacks what virtio version 1 asks for, or does not agree"
                                       : "it does not answer as virtio version 1 says");
    platform::panic(line.view());
}

/// The driver's interrupts arrive before the device is started, which may already wait for an answer.
template <typename Driver>
Driver* start(std::string_view name, const DeviceWindow& window, DeviceRegisters& registers) {
    auto& driver = make<Driver>();
    connect_interrupt(window.line, VirtioDevice::interrupt, &driver.device());
    auto started = driver.begin(registers);
    if (!started.ok()) start_failed(name, started.error());
    return &driver;
}

void start_device(Devices& devices, const DeviceWindow& window, DeviceRegisters& registers) {
    auto kind = probe(registers);
    if (!kind.ok()) return;
    switch (kind.value()) {
        case DeviceKind::console:
            if (devices.console == nullptr)
                devices.console = start<ConsoleDevice>("console", window, registers);
            break;
        case DeviceKind::entropy:
            if (devices.entropy == nullptr)
                devices.entropy = start<EntropyDevice>("entropy", window, registers);
            break;
        case DeviceKind::nine_p:
            if (devices.view == nullptr) devices.view = start<NinePDevice>("9P", window, registers);
            break;
        case DeviceKind::block:
            if (devices.disk_count == Devices::most_disks)
                platform::panic("the machine has more disks than can be used");
            devices.disks[devices.disk_count++] = start<BlockDevice>("block", window, registers);
            break;
        case DeviceKind::network:
            if (devices.network_count == Devices::most_networks)
                platform::panic("the machine has more network devices than can be used");
            devices.networks[devices.network_count++] = start<NetworkDevice>("network", window, registers);
            break;
        case DeviceKind::socket:
            if (devices.socket == nullptr) devices.socket = start<SocketDevice>("vsock", window, registers);
            break;
        default:
            break;
    }
}

/// Where to look, when the command line tells nothing.
usize guess_windows(std::span<DeviceWindow, most_windows> to) {
    auto registers = [](const DeviceWindow& window) -> Result<MmioRegisters> {
        return MmioRegisters(TRY(map_device(window.address, window.length)));
    };
    auto ninth = registers(microvm_window(microvm_few, true));
    constexpr u32 expected_magic = 0x74726976;
    bool many = ninth.ok() && ninth.value().read(0).any() == expected_magic;
    usize count = many ? most_windows : microvm_few;
    for (usize i = 0; i < count; i++) to[i] = microvm_window(i, many);
    return count;
}

}  // namespace

void start_devices(const BootInfo& boot) {
    Devices& devices = make<Devices>();
    machine().devices = &devices;
    DeviceWindow windows[most_windows];
    auto found = find_windows(boot.command_line(), windows);
    if (!found.ok())
        platform::panic("virtio_mmio.device= on the command line is none, or there are too many");
    usize count = found.value() > 0 ? found.value() : guess_windows(windows);
    for (usize i = 0; i < count; i++) {
        if (windows[i].line >= most_lines)
            platform::panic("a virtio device has an interrupt line that the machine lacks");
        auto base = map_device(windows[i].address, windows[i].length);
        if (!base.ok()) platform::panic("a virtio device cannot be mapped: it overlaps the machine's memory");
        devices.registers[i] = &make<MmioRegisters>(base.value());
        start_device(devices, windows[i], *devices.registers[i]);
    }
}

}  // namespace litebox::vm
