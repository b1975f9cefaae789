#include "attest/base/der.h"

#include <charconv>

namespace litebox::attest {

DerValue DerReader::any() {
    if (failed_ || rest_.size() < 2) return fail(), DerValue{};
    uint8_t tag = rest_[0];
    size_t header = 2, length = rest_[1];
    if ((tag & 0x1f) == 0x1f)
        return fail(), DerValue{};  // a tag of several bytes: in nothing that is read here
    if (length >= 0x80) {
        size_t count = length & 0x7f;
        if (count == 0 || count > 4 || rest_.size() < 2 + count) return fail(), DerValue{};
        length = 0;
        for (size_t i = 0; i < count; i++) length = length << 8 | rest_[2 + i];
        bool minimal = length >= 0x80 && length >> (8 * (count - 1)) != 0;
        if (!minimal) return fail(), DerValue{};
        header += count;
    }
    if (length > rest_.size() - header) return fail(), DerValue{};
    DerValue value{tag, rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return value;
}

DerValue DerReader::value(uint8_t tag) {
    if (!next_is(tag)) return fail(), DerValue{};
    return any();
}

DerReader DerReader::enter(uint8_t tag) {
    DerReader inner(value(tag).contents);
    inner.failed_ = failed_;
    return inner;
}

std::optional<DerValue> DerReader::optional(uint8_t tag) {
    if (!next_is(tag)) return std::nullopt;
    return any();
}

ByteView DerReader::unsigned_integer() {
    ByteView contents = value(der::integer).contents;
    bool negative = !contents.empty() && contents[0] & 0x80;
    bool padded = contents.size() > 1 && contents[0] == 0 && !(contents[1] & 0x80);
    if (contents.empty() || negative || padded) return fail(), ByteView{};
    return contents[0] == 0 ? contents.subspan(1) : contents;
}

uint64_t DerReader::small_integer() {
    ByteView contents = unsigned_integer();
    if (contents.size() > 8 || (contents.size() == 8 && contents[0] & 0x80)) return fail(), 0;
    uint64_t value = 0;
    for (uint8_t byte : contents) value = value << 8 | byte;
    return value;
}

ByteView DerReader::object_identifier() {
    ByteView contents = value(der::oid).contents;
    bool first = true;
    for (uint8_t byte : contents) {
        if (first && byte == 0x80) return fail(), ByteView{};  // a component with a leading zero
        first = !(byte & 0x80);
    }
    if (contents.empty() || !first) return fail(), ByteView{};
    return contents;
}

bool DerReader::boolean() {
    ByteView contents = value(der::boolean).contents;
    if (contents.size() != 1 || (contents[0] != 0 && contents[0] != 0xff)) return fail(), false;
    return contents[0] != 0;
}

ByteView DerReader::bit_string() {
    ByteView contents = value(der::bit_string).contents;
    if (contents.empty() || contents[0] != 0) return fail(), ByteView{};
    return contents.subspan(1);
}

Time DerReader::time() {
    DerValue value = any();
    std::string_view text = as_text(value.contents);
    std::string year;
    if (value.tag == der::utc_time && text.size() == 13) {
        year = text[0] >= '5' ? "19" : "20";  // RFC 5280: 1950 to 2049
    } else if (value.tag != der::generalized_time || text.size() != 15) {
        return fail(), Time{};
    }
    std::string digits = year + std::string(text);
    auto part = [&](size_t at) { return digits.substr(at, 2); };
    auto time = parse_time(digits.substr(0, 4) + "-" + part(4) + "-" + part(6) + "T" + part(8) + ":" +
                           part(10) + ":" + part(12) + digits.substr(14));
    if (!time) return fail(), Time{};
    return *time;
}

Bytes oid_from(std::string_view dotted) {
    Bytes out;
    uint64_t first = 0;
    for (size_t index = 0; !dotted.empty(); index++) {
        uint64_t number = 0;
        auto [end, error] = std::from_chars(dotted.data(), dotted.data() + dotted.size(), number);
        if (error != std::errc{}) return {};
        dotted.remove_prefix(static_cast<size_t>(end - dotted.data()));
        if (!dotted.empty()) dotted.remove_prefix(1);
        if (index == 0) {
            first = number;
            continue;
        }
        if (index == 1) number += 40 * first;
        int groups = 1;
        while (groups < 9 && number >> (7 * groups)) groups++;
        while (groups-- > 0)
            out.push_back(static_cast<uint8_t>((number >> (7 * groups) & 0x7f) | (groups ? 0x80 : 0)));
    }
    return out;
}

std::string oid_to_string(ByteView contents) {
    std::string text;
    uint64_t number = 0;
    for (uint8_t byte : contents) {
        number = number << 7 | (byte & 0x7f);
        if (byte & 0x80) continue;
        if (text.empty()) {
            uint64_t first = number < 80 ? number / 40 : 2;
            text = std::to_string(first) + "." + std::to_string(number - 40 * first);
        } else {
            text += "." + std::to_string(number);
        }
        number = 0;
    }
    return text;
}

}  // namespace litebox::attest
