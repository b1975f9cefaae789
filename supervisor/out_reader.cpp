#include "supervisor/out_reader.h"

#include <algorithm>
#include <cstring>

namespace litebox::supervisor {

using process::OutRing;

void OutReader::copy(uint32_t position, void* to, uint32_t bytes) const {
    uint32_t at = position % OutRing::size, first = std::min(bytes, OutRing::size - at);
    memcpy(to, ring_.bytes + at, first);
    memcpy(static_cast<char*>(to) + first, ring_.bytes, bytes - first);
}

bool OutReader::take(uint32_t produced, uint32_t& kind, std::string_view& bytes) {
    constexpr uint32_t header_size = 4;
    uint32_t header, there = produced - consumed_;
    if (there > OutRing::size || there < header_size) return false;
    copy(consumed_, &header, header_size);
    kind = header >> 24;
    uint32_t length = header & 0xffffff;
    uint32_t whole = header_size + ((length + 3) & ~3u);
    if (length > longest_ || whole > there || kind < OutRing::output || kind > OutRing::report) return false;
    copy(consumed_ + header_size, record_, length);
    bytes = {record_, length};
    consumed_ += whole;
    ring_.consumed.store(consumed_, std::memory_order_release);
    return true;
}

}  // namespace litebox::supervisor
