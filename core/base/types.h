// Integer names, page arithmetic and checked arithmetic for values that come from outside.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace litebox {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using usize = std::size_t;
using isize = std::ptrdiff_t;

inline constexpr u64 page_size = 4096;
inline constexpr unsigned page_shift = 12;

constexpr u64 page_down(u64 value) {
    return value & ~(page_size - 1);
}
/// Rounds up to a page; the caller has checked that `value` is not within a page of overflow.
constexpr u64 page_up(u64 value) {
    return (value + page_size - 1) & ~(page_size - 1);
}
constexpr bool page_aligned(u64 value) {
    return (value & (page_size - 1)) == 0;
}

/// True and `*out` = a + b, or false on overflow (then `*out` is unspecified).
template <std::integral T>
[[nodiscard]] constexpr bool checked_add(T a, T b, T* out) {
    return !__builtin_add_overflow(a, b, out);
}
template <std::integral T>
[[nodiscard]] constexpr bool checked_sub(T a, T b, T* out) {
    return !__builtin_sub_overflow(a, b, out);
}
template <std::integral T>
[[nodiscard]] constexpr bool checked_mul(T a, T b, T* out) {
    return !__builtin_mul_overflow(a, b, out);
}

template <typename T>
constexpr T min(T a, T b) {
    return a < b ? a : b;
}
template <typename T>
constexpr T max(T a, T b) {
    return a < b ? b : a;
}

/// Base for types that have an identity: neither copied nor moved.
class Pinned {
  public:
    Pinned() = default;
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;
};

}  // namespace litebox
