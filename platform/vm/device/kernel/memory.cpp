// Frames that devices may reach.
#include "core/base/string.h"
#include "platform/vm/device/shared_frames.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

Result<SharedMemory> allocate_shared_memory(unsigned order) {
    Physical first = TRY(frames().allocate(order, FrameUse::kernel));
    auto* bytes = static_cast<u8*>(direct(first));
    memset(bytes, 0, page_size << order);
    return SharedMemory{bytes, first};
}

}  // namespace litebox::vm
