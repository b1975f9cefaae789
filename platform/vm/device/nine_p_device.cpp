#include "platform/vm/device/nine_p_device.h"

namespace litebox::vm {

Result<void> NinePDevice::begin(DeviceRegisters& registers) {
    constexpr u64 feature_tag = 1;
    TRY(device_.begin(registers, "9P", feature_tag));
    if (!device_.has(feature_tag)) return Errno::enodev;
    u32 length = TRY(device_.configuration(0, sizeof(u16))).any();
    bool same = length == view_tag.size();
    for (u32 i = 0; same && i < length; i++)
        same = TRY(device_.configuration(sizeof(u16) + i, 1)).any() == static_cast<u8>(view_tag[i]);
    if (!same) return Errno::enoent;
    TRY(queue_.begin(device_, 0));
    TRY(device_.start());
    return client_.begin(queue_);
}

}  // namespace litebox::vm
