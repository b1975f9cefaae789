// South's vsock device, and the thread that hands the core what comes in.
#include "platform/vsock_device.h"

#include "platform/vm/device/kernel/devices.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

[[noreturn]] void receive_packets(void* argument) {
    SocketDevice& device = *static_cast<SocketDevice*>(argument);
    platform::VsockPacket packet{};
    std::span<const u8> payload;
    for (;;) {
        u32 seen = device.received_progress();
        SocketDevice::News news = device.take(packet, payload);
        if (news == SocketDevice::News::none) device.wait_for_news(seen);
        if (news == SocketDevice::News::packet) upcall::vsock_packet(packet, payload);
        if (news == SocketDevice::News::lost) upcall::vsock_lost();
    }
}

}  // namespace

}  // namespace litebox::vm

namespace litebox::platform {

Result<u64> vsock_address() {
    vm::SocketDevice* device = vm::machine().devices->socket;
    if (device == nullptr) return Errno::enodev;
    return device->address();
}

Result<void> vsock_begin() {
    vm::SocketDevice* device = vm::machine().devices->socket;
    if (device == nullptr) return Errno::enodev;
    (void)TRY(vm::start_kernel_thread(vm::receive_packets, device, "vsock"));
    return {};
}

void vsock_send(const VsockPacket& packet, std::span<const u8> payload) {
    if (vm::SocketDevice* device = vm::machine().devices->socket) device->send(packet, payload);
}

}  // namespace litebox::platform
