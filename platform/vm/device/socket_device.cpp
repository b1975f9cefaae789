#include "platform/vm/device/socket_device.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

/// As often as the ring of events is looked at: they come once in a machine's life, if ever.
constexpr u64 look_interval = 1000000000;
constexpr usize event_length = sizeof(u32);

}  // namespace

struct SocketDevice::Header {
    u64 source, destination;
    u32 source_port, destination_port, length;
    u16 type, operation;
    u32 flags, room, taken;
} __attribute__((packed));

static_assert(platform::vsock_largest_payload == PacketQueues::room);

Result<void> SocketDevice::begin(DeviceRegisters& registers) {
    static_assert(sizeof(Header) == 44);
    TRY(device_.begin(registers, "vsock", 0));
    TRY(read_address());
    event_frames_ = TRY(SharedFrames::allocate(0));
    TRY(queues_.begin(device_, sizeof(Header)));
    TRY(events_.begin(device_, event_queue));
    event_count_ = min<u32>(event_buffers, events_.entries());
    TRY(device_.start());
    for (u32 i = 0; i < event_count_; i++) TRY(post_event(i));
    return queues_.post_all();
}

/// 0 to 2 are not a machine's own, and what is beyond 32 bits is reserved.
Result<void> SocketDevice::read_address() {
    constexpr u64 first = 3, beyond = 0xffffffff;
    u64 address = TRY(device_.configuration64(0)).any();
    if (address < first || address >= beyond) return Errno::eio;
    address_.store(address, std::memory_order_relaxed);
    return {};
}

Result<void> SocketDevice::post_event(u32 buffer) {
    SharedRange part = event_frames_.from_device(buffer * event_length, event_length);
    event_chains_[buffer] = TRY(events_.submit({&part, 1}));
    return {};
}

void SocketDevice::send(const platform::VsockPacket& packet, std::span<const u8> payload) {
    const Header header{packet.source,
                        packet.destination,
                        packet.source_port,
                        packet.destination_port,
                        static_cast<u32>(payload.size()),
                        packet.type,
                        static_cast<u16>(packet.operation),
                        packet.flags,
                        packet.room,
                        packet.taken};
    queues_.send({reinterpret_cast<const u8*>(&header), sizeof(header)}, payload);
}

/// The only event there is says that connections are lost; what an unknown one means is not for us to guess.
bool SocketDevice::take_event() {
    constexpr u32 connections_lost = 0;
    events_.reap();
    for (u32 i = 0; i < event_count_; i++) {
        u32 written = 0;
        if (!events_.collect(event_chains_[i], &written)) continue;
        u32 event = event_frames_.load<u32>(i * event_length).any();
        if (!post_event(i).ok()) return false;
        if (written == event_length && event == connections_lost) return true;
    }
    return false;
}

SocketDevice::News SocketDevice::take(platform::VsockPacket& packet, std::span<const u8>& payload) {
    if (take_event()) {
        if (!read_address().ok()) device_failed(device_.name(), "gives the machine an address that is none");
        return News::lost;
    }
    Header header{};
    PacketQueues::Received received{};
    if (!queues_.receive({reinterpret_cast<u8*>(&header), sizeof(header)}, payload_, received))
        return News::none;
    // A packet that is shorter than it says, or for somebody else, is as good as lost.
    if (header.length > received.length || header.destination != address()) return News::dropped;
    packet = {header.source,      header.destination,
              header.source_port, header.destination_port,
              header.type,        static_cast<platform::VsockOperation>(header.operation),
              header.flags,       header.room,
              header.taken};
    payload = std::span<const u8>(payload_).first(header.length);
    return News::packet;
}

void SocketDevice::wait_for_news(u32 seen) {
    (void)queues_.wait_for_packet(seen, platform::monotonic_ns() + look_interval);
}

}  // namespace litebox::vm
