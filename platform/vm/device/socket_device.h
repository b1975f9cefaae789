// virtio-vsock (VIRTIO 1.2, 5.10): packets between programs here and whoever runs the machine.
#pragma once

#include "platform/vm/device/packet_queues.h"
#include "platform/vsock_device.h"

namespace litebox::vm {

class SocketDevice : Pinned {
  public:
    Result<void> begin(DeviceRegisters& registers);
    VirtioDevice& device() { return device_; }
    /// The machine's context identifier.
    [[nodiscard]] u64 address() const { return address_.load(std::memory_order_relaxed); }

    /// As platform/vsock_device.h says. From any thread.
    void send(const platform::VsockPacket& packet, std::span<const u8> payload);

    enum class News : u8 { none, dropped, packet, lost };
    /// What has come: a packet, whose payload stays until the next call, something that is none and was
    /// dropped, or word that all connections are lost. For one thread.
    News take(platform::VsockPacket& packet, std::span<const u8>& payload);
    /// Sleeps, for a second at most, until something has come since `seen` (= received_progress() before take
    /// said none).
    void wait_for_news(u32 seen);
    [[nodiscard]] u32 received_progress() { return queues_.received_progress(); }

  private:
    static constexpr u16 event_queue = 2;
    static constexpr u32 event_buffers = 4;
    struct Header;

    Result<void> read_address();
    Result<void> post_event(u32 buffer);
    bool take_event();

    VirtioDevice device_;
    PacketQueues queues_;
    RequestQueue events_;
    SharedFrames event_frames_;
    u32 event_count_ = 0;
    u16 event_chains_[event_buffers] = {};
    std::atomic<u64> address_{0};
    u8 payload_[PacketQueues::room] = {};
};

}  // namespace litebox::vm
