#include "platform/vm/device/lent_frames.h"

namespace litebox::vm {

LentFrames::LentFrames(std::span<const u8> memory, bool device_writes, usize runs) {
    if (reinterpret_cast<u64>(memory.data()) % page_size != 0) return;
    usize whole = min(memory.size(), most_bytes) / page_size * page_size;
    runs = min(runs, most_runs);
    while (size_ < whole) {
        auto frame = lend_page(memory.data() + size_, device_writes);
        if (!frame.ok()) return;
        SharedRange* last = count_ > 0 ? &ranges_[count_ - 1] : nullptr;
        if (last != nullptr && last->physical + last->length == frame.value()) {
            last->length += page_size;
        } else if (count_ < runs) {
            ranges_[count_++] = {frame.value(), page_size, device_writes};
        } else {
            take_back_page(frame.value());
            return;
        }
        size_ += page_size;
    }
}

LentFrames::~LentFrames() {
    for (const SharedRange& range : ranges())
        for (u64 at = 0; at < range.length; at += page_size) take_back_page(range.physical + at);
}

}  // namespace litebox::vm
