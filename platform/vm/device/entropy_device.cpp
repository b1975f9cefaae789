#include "platform/vm/device/entropy_device.h"

namespace litebox::vm {

Result<void> EntropyDevice::begin(DeviceRegisters& registers) {
    buffer_ = TRY(SharedFrames::allocate(0));
    TRY(device_.begin(registers, "entropy", 0));
    TRY(queue_.begin(device_, 0));
    TRY(device_.start());
    SharedRange part = buffer_.from_device(0, most_bytes);
    chain_ = TRY(queue_.submit({&part, 1}));
    return {};
}

usize EntropyDevice::collect(std::span<u8, most_bytes> to) {
    u32 written = queue_.wait(chain_);
    buffer_.read(0, to.first(written));
    return written;
}

}  // namespace litebox::vm
