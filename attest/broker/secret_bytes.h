// Bytes that are wiped when they are let go: keys, secrets, and every buffer that held one.
#pragma once

#include <cstddef>
#include <vector>

#include "attest/base/bytes.h"
#include "attest/base/crypto.h"

namespace litebox::attest::broker {

template <typename T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <typename U>
    WipingAllocator(const WipingAllocator<U>&) {}

    T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, size_t count) {
        wipe(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    bool operator==(const WipingAllocator&) const { return true; }
};

/// Growing it wipes the buffer that it leaves. No std::string: short ones lie inside the object, which
/// nothing wipes.
using SecretBytes = std::vector<uint8_t, WipingAllocator<uint8_t>>;

inline SecretBytes to_secret(ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}
/// Appends; for building texts around a secret.
inline void append(SecretBytes& to, ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}
inline void append(SecretBytes& to, std::string_view text) {
    append(to, as_bytes(text));
}

}  // namespace litebox::attest::broker
