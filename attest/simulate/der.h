// Writing DER. Each function gives one whole element; nothing here checks that the whole makes sense, which
// is the point: the simulator also makes certificates that must be refused.
#pragma once

#include <initializer_list>
#include <string_view>

#include "attest/base/bytes.h"
#include "attest/base/time.h"

namespace litebox::attest::simulate::der {

Bytes element(uint8_t tag, ByteView contents);
Bytes sequence(std::initializer_list<ByteView> members);
Bytes set(std::initializer_list<ByteView> members);
/// An INTEGER of big-endian unsigned bytes: leading zeros dropped, one put in front where the sign bit would
/// be set.
Bytes integer(ByteView unsigned_bytes);
Bytes integer(uint64_t value);
Bytes boolean(bool value);
/// Dotted text: "1.2.840.10045.2.1".
Bytes object_identifier(std::string_view dotted);
Bytes octet_string(ByteView contents);
Bytes bit_string(ByteView contents, unsigned unused_bits = 0);
Bytes null();
Bytes utf8_string(std::string_view text);
Bytes printable_string(std::string_view text);
Bytes ia5_string(std::string_view text);
/// UTCTime before 2050, GeneralizedTime from then on, as RFC 5280 asks.
Bytes time(Time time);
/// [number] EXPLICIT.
Bytes tagged(unsigned number, ByteView contents);

}  // namespace litebox::attest::simulate::der
