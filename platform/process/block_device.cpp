// South: this platform has no block devices; what the invoker grants are files.
#include "platform/block_device.h"

namespace litebox::platform {

u32 block_device_count() {
    return 0;
}

Result<BlockDevice> block_device(u32) {
    return Errno::enodev;
}

Result<void> block_read(u32, u64, std::span<u8>) {
    return Errno::enodev;
}

Result<void> block_write(u32, u64, std::span<const u8>) {
    return Errno::enodev;
}

Result<void> block_flush(u32) {
    return Errno::enodev;
}

}  // namespace litebox::platform
