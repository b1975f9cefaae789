// virtio-9p (VIRTIO's device 9): the export with the mount tag `view`.
#pragma once

#include "platform/vm/device/nine_p_client.h"
#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

inline constexpr std::string_view view_tag = "view";

class NinePDevice : Pinned {
  public:
    /// ENOENT: it exports something else.
    Result<void> begin(DeviceRegisters& registers);
    VirtioDevice& device() { return device_; }
    NinePClient& client() { return client_; }

  private:
    VirtioDevice device_;
    RequestQueue queue_;
    NinePClient client_;
};

}  // namespace litebox::vm
