// South: this platform has no vsock device; who runs the sandbox is reached by its streams and files.
#include "platform/vsock_device.h"

namespace litebox::platform {

Result<u64> vsock_address() {
    return Errno::enodev;
}

Result<void> vsock_begin() {
    return Errno::enodev;
}

void vsock_send(const VsockPacket&, std::span<const u8>) {}

}  // namespace litebox::platform
