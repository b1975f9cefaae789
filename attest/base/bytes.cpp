#include "attest/base/bytes.h"

#include <algorithm>
#include <cstdio>

namespace litebox::attest {

bool equal(ByteView left, ByteView right) {
    return std::ranges::equal(left, right);
}

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

bool is_text(ByteView bytes) {
    return std::ranges::all_of(as_text(bytes), [](char c) { return (c >= 0x20 && c < 0x7f) || is_blank(c); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string to_hex(ByteView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (uint8_t byte : bytes) text += {digits[byte >> 4], digits[byte & 15]};
    return text;
}

std::string hex_number(uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return -1;
}

}  // namespace

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2) return Error{"hexadecimal text with an odd number of digits"};
    Bytes out;
    out.reserve(text.size() / 2);
    for (size_t i = 0; i < text.size(); i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return Error{"not hexadecimal at character " + std::to_string(i)};
        out.push_back(static_cast<uint8_t>(high << 4 | low));
    }
    return out;
}

std::string to_base64(ByteView bytes) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++) group = group << 8 | (j < count ? bytes[i + j] : 0);
        for (size_t j = 0; j < 4; j++) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

Result<Bytes> from_base64(std::string_view text) {
    Bytes out;
    out.reserve(text.size() / 4 * 3);
    uint32_t group = 0;
    size_t digits = 0, padding = 0;
    for (char c : text) {
        if (c == '\n' || c == '\r') continue;
        if (c == '=') {
            padding++;
            continue;
        }
        int digit = base64_digit(c);
        if (digit < 0 || padding) return Error{"not base64 after " + std::to_string(digits) + " digits"};
        group = group << 6 | static_cast<uint32_t>(digit);
        digits++;
        if (digits % 4 == 0) {
            for (int shift = 16; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(group >> shift));
            group = 0;
        }
    }
    size_t tail = digits % 4;
    if (tail == 1 || padding > 2 || (padding && tail + padding != 4))
        return Error{"base64 text of a wrong length"};
    size_t spare = tail * 6 % 8;  // bits after the last byte
    if (group & ((1u << spare) - 1)) return Error{"base64 text with bits after its last byte"};
    for (size_t left = tail; left > 1; left--)
        out.push_back(static_cast<uint8_t>(group >> spare >> (8 * (left - 2))));
    return out;
}

uint16_t load16(const uint8_t* at) {
    return static_cast<uint16_t>(at[0] | at[1] << 8);
}
uint32_t load32(const uint8_t* at) {
    return load16(at) | static_cast<uint32_t>(load16(at + 2)) << 16;
}
uint64_t load64(const uint8_t* at) {
    return load32(at) | static_cast<uint64_t>(load32(at + 4)) << 32;
}

ByteView Reader::take(size_t count) {
    if (failed_ || count > remaining()) {
        failed_ = true;
        return {};
    }
    ByteView view = bytes_.subspan(offset_, count);
    offset_ += count;
    return view;
}

uint8_t Reader::u8() {
    ByteView view = take(1);
    return view.empty() ? uint8_t{0} : view[0];
}
uint16_t Reader::u16() {
    ByteView view = take(2);
    return view.empty() ? uint16_t{0} : load16(view.data());
}
uint32_t Reader::u32() {
    ByteView view = take(4);
    return view.empty() ? 0 : load32(view.data());
}
uint64_t Reader::u64() {
    ByteView view = take(8);
    return view.empty() ? 0 : load64(view.data());
}

}  // namespace litebox::attest
