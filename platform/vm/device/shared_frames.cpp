#include "platform/vm/device/shared_frames.h"

#include "platform/platform.h"

namespace litebox::vm {

Result<SharedFrames> SharedFrames::allocate(unsigned order) {
    SharedMemory memory = TRY(allocate_shared_memory(order));
    SharedFrames frames;
    frames.bytes_ = memory.bytes;
    frames.physical_ = memory.physical;
    frames.size_ = usize{page_size} << order;
    return frames;
}

u8* SharedFrames::at(usize offset, usize length) const {
    if (offset > size_ || length > size_ - offset) platform::panic("a device buffer is used beyond its end");
    return bytes_ + offset;
}

SharedRange SharedFrames::range(usize offset, usize length, bool device_writes) const {
    (void)at(offset, length);
    return {physical_ + offset, static_cast<u32>(length), device_writes};
}

}  // namespace litebox::vm
