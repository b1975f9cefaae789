// South's network devices.
#include "platform/frame_device.h"

#include "platform/vm/device/kernel/devices.h"
#include "platform/vm/machine.h"

namespace litebox::platform {

namespace {

Result<vm::NetworkDevice*> network(u32 number) {
    vm::Devices& devices = *vm::machine().devices;
    if (number >= devices.network_count) return Errno::enodev;
    return devices.networks[number];
}

}  // namespace

u32 frame_device_count() {
    return vm::machine().devices->network_count;
}

Result<FrameDevice> frame_device(u32 device) {
    static_assert(frame_header == vm::NetworkDevice::ethernet_header &&
                  frame_address == vm::NetworkDevice::address_length);
    vm::NetworkDevice& found = *TRY(network(device));
    FrameDevice result{{}, found.mtu()};
    found.address(result.address);
    return result;
}

Result<bool> frame_link_up(u32 device) {
    return TRY(network(device))->link_up();
}

Result<void> frame_send(u32 device, std::span<const u8> frame) {
    return TRY(network(device))->send(frame);
}

Result<usize> frame_receive(u32 device, std::span<u8> to, u64 deadline) {
    return TRY(network(device))->receive(to, deadline);
}

}  // namespace litebox::platform
