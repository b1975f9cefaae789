// virtio-rng (VIRTIO 1.2, 5.4). What it gives is mixed with other sources: the host may know it.
#pragma once

#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

class EntropyDevice : Pinned {
  public:
    static constexpr usize most_bytes = 64;
    /// Starts it with a first request under way.
    Result<void> begin(DeviceRegisters& registers);
    /// Waits for the request that is under way: how many bytes came, which may be none.
    usize collect(std::span<u8, most_bytes> to);
    VirtioDevice& device() { return device_; }

  private:
    VirtioDevice device_;
    RequestQueue queue_;
    SharedFrames buffer_;
    u16 chain_ = 0;
};

}  // namespace litebox::vm
