#include "core/base/string.h"

#include "core/base/bytes.h"
#include "platform/platform.h"

#ifdef LITEBOX_FREESTANDING
// The compiler emits calls to these.
extern "C" {

void* memcpy(void* to, const void* from, std::size_t length) {
    litebox::bytes::copy_forward(to, from, length);
    return to;
}

void* memmove(void* to, const void* from, std::size_t length) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    if (target <= source || target >= source + length)
        litebox::bytes::copy_forward(to, from, length);
    else
        litebox::bytes::copy_backward(to, from, length);
    return to;
}

void* memset(void* to, int value, std::size_t length) {
    litebox::bytes::fill(to, static_cast<unsigned char>(value), length);
    return to;
}

int memcmp(const void* a, const void* b, std::size_t length) {
    return litebox::bytes::compare(a, b, length);
}

void* memchr(const void* bytes, int value, std::size_t length) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (std::size_t i = 0; i < length; i++)
        if (at[i] == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(at + i);
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}
}

// What std::string_view calls for a position beyond its end.
namespace std {
void __throw_out_of_range_fmt(const char*, ...) {
    litebox::platform::panic("a text position out of range");
}
}  // namespace std
#endif

namespace litebox {

Result<String> String::from(string_view text) {
    String result;
    if (text.empty()) return result;
    TRY(result.bytes_.resize(text.size() + 1));
    memcpy(result.bytes_.data(), text.data(), text.size());
    return result;
}

TextBuilder& TextBuilder::text(string_view text) {
    if (failed_ || text.empty()) return *this;
    usize old = bytes_.size();
    if (!bytes_.resize(old + text.size()).ok()) {
        failed_ = true;
        return *this;
    }
    memcpy(bytes_.data() + old, text.data(), text.size());
    return *this;
}

namespace {

constexpr usize longest_number = 24;

/// Digits of `value` in `base` at the end of `buffer`, filled up to `width`.
string_view digits(char (&buffer)[longest_number], u64 value, unsigned base, unsigned width, char fill) {
    usize at = longest_number;
    do {
        buffer[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (longest_number - at < width && at > 0) buffer[--at] = fill;
    return {buffer + at, longest_number - at};
}

}  // namespace

TextBuilder& TextBuilder::decimal(i64 value) {
    if (value >= 0) return unsigned_decimal(static_cast<u64>(value));
    character('-');
    return unsigned_decimal(~static_cast<u64>(value) + 1);
}

TextBuilder& TextBuilder::unsigned_decimal(u64 value, unsigned width, char fill) {
    char buffer[longest_number];
    return text(digits(buffer, value, 10, width, fill));
}

TextBuilder& TextBuilder::hex(u64 value, unsigned width) {
    char buffer[longest_number];
    return text(digits(buffer, value, 16, width, '0'));
}

TextBuilder& TextBuilder::octal(u64 value, unsigned width) {
    char buffer[longest_number];
    return text(digits(buffer, value, 8, width, '0'));
}

Result<u64> parse_decimal(string_view text) {
    if (text.empty()) return Errno::einval;
    u64 value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return Errno::einval;
        if (!checked_mul<u64>(value, 10, &value) ||
            !checked_add<u64>(value, static_cast<u64>(c - '0'), &value))
            return Errno::erange;
    }
    return value;
}

}  // namespace litebox
