// The fuzzer's bytes, taken from the front as whatever a harness needs. What is missing at the end reads as
// zeros, so that every input means something.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include "core/base/types.h"

namespace litebox::fuzz {

class Input {
  public:
    Input(const u8* data, usize size) : left_{data, size} {}

    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] usize size() const { return left_.size(); }

    template <typename T>
    T take() {
        T value{};
        auto part = bytes(sizeof(T));
        std::memcpy(&value, part.data(), part.size());
        return value;
    }
    /// From 0 to `limit` - 1.
    u32 below(u32 limit) { return limit <= 1 ? 0 : take<u32>() % limit; }
    bool flip() { return (take<u8>() & 1) != 0; }
    /// At most `length`.
    std::span<const u8> bytes(usize length) {
        auto part = left_.first(std::min(length, left_.size()));
        left_ = left_.subspan(part.size());
        return part;
    }
    std::string text(usize length) {
        auto part = bytes(length);
        return {reinterpret_cast<const char*>(part.data()), part.size()};
    }
    std::span<const u8> rest() { return bytes(left_.size()); }

  private:
    std::span<const u8> left_;
};

/// A promise of the code under test does not hold.
#define FUZZ_CHECK(condition)                                                                   \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            __builtin_trap();                                                                   \
        }                                                                                       \
    } while (false)

}  // namespace litebox::fuzz
