// Frames that devices may reach.
#include "core/base/string.h"
#include "platform/vm/device/lent_frames.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

Result<SharedMemory> allocate_shared_memory(unsigned order) {
    Physical first = TRY(frames().allocate(order, FrameUse::kernel));
    auto* bytes = static_cast<u8*>(direct(first));
    memset(bytes, 0, page_size << order);
    return SharedMemory{bytes, first};
}

Result<u64> lend_page(const u8* page, bool device_writes) {
    const platform::PageRegion& region = memory_state().kernel.region;
    u64 offset = reinterpret_cast<u64>(page) - reinterpret_cast<u64>(region.base);
    if (offset >= region.length) return Errno::eopnotsupp;
    return region_frame(offset / page_size, !device_writes);
}

void take_back_page(u64 physical) {
    frames().release(physical);
}

}  // namespace litebox::vm
