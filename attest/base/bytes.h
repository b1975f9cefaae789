// Bytes that came from outside, and the one way to take them apart.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/result.h"

namespace litebox::attest {

using ByteView = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
    return {view.begin(), view.end()};
}
bool equal(ByteView left, ByteView right);
bool all_zero(ByteView bytes);

/// Space, tab, carriage return or line feed.
inline bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
/// Printable ASCII and blanks, nothing else.
bool is_text(ByteView bytes);
/// Without blanks at either end.
std::string_view trimmed(std::string_view text);

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
/// "0x1f", for messages.
std::string hex_number(uint64_t value);
/// Either case, an even number of digits, nothing else (no 0x, no spaces).
Result<Bytes> from_hex(std::string_view text);
std::string to_base64(ByteView bytes);
/// Standard or URL-safe alphabet, with or without padding; line breaks are allowed, anything else is refused.
Result<Bytes> from_base64(std::string_view text);

/// Little-endian integers out of a buffer whose size the caller has checked.
uint16_t load16(const uint8_t* at);
uint32_t load32(const uint8_t* at);
uint64_t load64(const uint8_t* at);

/// Takes a buffer apart from front to back. Reading past the end yields zeros and empty views and makes
/// `failed()` true for good, so that a parser may read a run of fields and check once. Views point into the
/// buffer: it must outlive them.
class Reader {
  public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    uint8_t u8();
    uint16_t u16();
    uint32_t u32();
    uint64_t u64();
    ByteView take(size_t count);
    void skip(size_t count) { (void)take(count); }
    /// Copies exactly N bytes; zeros on failure.
    template <size_t N>
    std::array<uint8_t, N> array() {
        std::array<uint8_t, N> out{};
        ByteView view = take(N);
        for (size_t i = 0; i < view.size(); i++) out[i] = view[i];
        return out;
    }
    ByteView rest() const { return bytes_.subspan(offset_); }
    size_t offset() const { return offset_; }
    size_t remaining() const { return bytes_.size() - offset_; }
    bool failed() const { return failed_; }

  private:
    ByteView bytes_;
    size_t offset_ = 0;
    bool failed_ = false;
};

}  // namespace litebox::attest
