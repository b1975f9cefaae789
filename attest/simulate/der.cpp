#include "attest/simulate/der.h"

#include <algorithm>
#include <string>

namespace litebox::attest::simulate::der {

namespace {

Bytes text_element(uint8_t tag, std::string_view text) {
    return element(tag, as_bytes(text));
}

Bytes joined(uint8_t tag, std::initializer_list<ByteView> members) {
    Bytes contents;
    for (ByteView member : members) contents.insert(contents.end(), member.begin(), member.end());
    return element(tag, contents);
}

}  // namespace

Bytes element(uint8_t tag, ByteView contents) {
    Bytes out{tag};
    size_t size = contents.size();
    if (size < 128) {
        out.push_back(static_cast<uint8_t>(size));
    } else {
        Bytes digits;
        for (size_t rest = size; rest; rest >>= 8) digits.push_back(static_cast<uint8_t>(rest));
        out.push_back(static_cast<uint8_t>(0x80 | digits.size()));
        out.insert(out.end(), digits.rbegin(), digits.rend());
    }
    out.insert(out.end(), contents.begin(), contents.end());
    return out;
}

Bytes sequence(std::initializer_list<ByteView> members) {
    return joined(0x30, members);
}
Bytes set(std::initializer_list<ByteView> members) {
    return joined(0x31, members);
}

Bytes integer(ByteView unsigned_bytes) {
    auto first = std::ranges::find_if(unsigned_bytes, [](uint8_t byte) { return byte != 0; });
    Bytes contents(first, unsigned_bytes.end());
    if (contents.empty() || contents[0] & 0x80) contents.insert(contents.begin(), 0);
    return element(2, contents);
}

Bytes integer(uint64_t value) {
    Bytes bytes(8);
    for (size_t i = 0; i < 8; i++) bytes[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
    return integer(ByteView(bytes));
}

Bytes boolean(bool value) {
    const uint8_t contents[1] = {static_cast<uint8_t>(value ? 0xFF : 0)};
    return element(1, contents);
}

Bytes object_identifier(std::string_view dotted) {
    std::vector<uint64_t> arcs;
    for (size_t at = 0; at <= dotted.size();) {
        size_t dot = std::min(dotted.find('.', at), dotted.size());
        arcs.push_back(std::stoull(std::string(dotted.substr(at, dot - at))));
        at = dot + 1;
    }
    arcs[1] += arcs[0] * 40;
    Bytes contents;
    for (size_t i = 1; i < arcs.size(); i++) {
        Bytes digits;
        for (uint64_t rest = arcs[i]; rest || digits.empty(); rest >>= 7)
            digits.push_back(static_cast<uint8_t>((rest & 0x7F) | (digits.empty() ? 0 : 0x80)));
        contents.insert(contents.end(), digits.rbegin(), digits.rend());
    }
    return element(6, contents);
}

Bytes octet_string(ByteView contents) {
    return element(4, contents);
}

Bytes bit_string(ByteView contents, unsigned unused_bits) {
    Bytes with_count{static_cast<uint8_t>(unused_bits)};
    with_count.insert(with_count.end(), contents.begin(), contents.end());
    return element(3, with_count);
}

Bytes null() {
    return {5, 0};
}
Bytes utf8_string(std::string_view text) {
    return text_element(0x0C, text);
}
Bytes printable_string(std::string_view text) {
    return text_element(0x13, text);
}
Bytes ia5_string(std::string_view text) {
    return text_element(0x16, text);
}

Bytes time(Time time) {
    std::string digits;
    for (char c : to_string(time))  // 2025-06-10T00:00:00Z
        if (c >= '0' && c <= '9') digits += c;
    digits += 'Z';
    constexpr int64_t year_2050 = 2524608000;
    return time.seconds < year_2050 ? text_element(0x17, std::string_view(digits).substr(2))
                                    : text_element(0x18, digits);
}

Bytes tagged(unsigned number, ByteView contents) {
    return element(static_cast<uint8_t>(0xA0 | number), contents);
}

}  // namespace litebox::attest::simulate::der
