// Putting fields where a format wants them.
#pragma once

#include <algorithm>

#include "attest/base/bytes.h"

namespace litebox::attest {

/// Writes `bytes` at `offset`; the caller has sized `target`.
inline void put(Bytes& target, size_t offset, ByteView bytes) {
    std::copy(bytes.begin(), bytes.end(), target.begin() + static_cast<ptrdiff_t>(offset));
}

/// A little-endian integer of `size` bytes.
inline void put_number(Bytes& target, size_t offset, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) target[offset + i] = static_cast<uint8_t>(value >> (8 * i));
}

inline void append(Bytes& target, ByteView bytes) {
    target.insert(target.end(), bytes.begin(), bytes.end());
}

inline void append_number(Bytes& target, uint64_t value, size_t size) {
    target.resize(target.size() + size);
    put_number(target, target.size() - size, value, size);
}

}  // namespace litebox::attest
