// virtio-net (VIRTIO 1.2, 5.1): one pair of queues, no offloads. A frame comes and goes as it is.
#pragma once

#include "platform/vm/device/packet_queues.h"

namespace litebox::vm {

class NetworkDevice : Pinned {
  public:
    static constexpr usize ethernet_header = 14, address_length = 6;
    static constexpr u16 least_mtu = 68, usual_mtu = 1500, most_mtu = PacketQueues::room - ethernet_header;

    Result<void> begin(DeviceRegisters& registers);
    VirtioDevice& device() { return device_; }
    [[nodiscard]] u16 mtu() const { return mtu_; }
    /// The one that the device tells, else one that was drawn by lot.
    void address(std::span<u8, address_length> to);
    Result<bool> link_up();

    // As platform/frame_device.h says: EMSGSIZE, EAGAIN, EINTR.
    Result<void> send(std::span<const u8> frame);
    Result<usize> receive(std::span<u8> to, u64 deadline);

  private:
    struct Header {
        u8 flags, segmentation;
        u16 header_length, segment_size, checksum_start, checksum_offset, buffers;
    };
    static_assert(sizeof(Header) == 12);

    Result<void> agree(DeviceRegisters& registers);
    [[nodiscard]] usize largest_frame() const { return ethernet_header + mtu_; }
    /// 0: what came is no frame. EAGAIN: nothing has come.
    Result<usize> take(std::span<u8> to);

    VirtioDevice device_;
    PacketQueues queues_;
    u16 mtu_ = usual_mtu;
    std::atomic<u64> address_{0};  // the first byte lowest; 0: not drawn yet
};

}  // namespace litebox::vm
