// South: this platform has no network devices; nothing of the host's network is granted.
#include "platform/frame_device.h"

namespace litebox::platform {

u32 frame_device_count() {
    return 0;
}

Result<FrameDevice> frame_device(u32) {
    return Errno::enodev;
}

Result<bool> frame_link_up(u32) {
    return Errno::enodev;
}

Result<void> frame_send(u32, std::span<const u8>) {
    return Errno::enodev;
}

Result<usize> frame_receive(u32, std::span<u8>, u64) {
    return Errno::enodev;
}

}  // namespace litebox::platform
