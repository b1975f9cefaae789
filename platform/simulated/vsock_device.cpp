// South: the vsock device, a test's functions.
#include "platform/vsock_device.h"

#include "platform/simulated/machine.h"

namespace litebox::simulated {

void Machine::vsock_arrives(const platform::VsockPacket& packet, std::string payload) {
    happens_at(scheduler_->now(), [packet, payload = std::move(payload)] {
        upcall::vsock_packet(packet, {reinterpret_cast<const u8*>(payload.data()), payload.size()});
    });
    ring();
}

void Machine::vsock_lost() {
    happens_at(scheduler_->now(), [] { upcall::vsock_lost(); });
    ring();
}

}  // namespace litebox::simulated

namespace litebox::platform {

using namespace simulated;

Result<u64> vsock_address() {
    u64 address = machine().vsock().address;
    if (address == 0) return Errno::enodev;
    return address;
}

/// The system thread brings what comes from the start on.
Result<void> vsock_begin() {
    (void)TRY(vsock_address());
    set_alarm(no_deadline);  // which tells it whose system thread it is
    return {};
}

void vsock_send(const VsockPacket& packet, std::span<const u8> payload) {
    machine().pass_point();
    auto& on_send = machine().vsock().on_send;
    if (on_send) on_send(packet, {reinterpret_cast<const char*>(payload.data()), payload.size()});
}

}  // namespace litebox::platform
