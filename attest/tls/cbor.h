// Writes the few CBOR items that attested certificates are made of (RFC 8949): definite lengths and shortest
// heads. They are read by attest/wrap, as all CBOR.
#pragma once

#include <cstdint>
#include <string_view>

#include "attest/base/bytes.h"

namespace litebox::attest::tls {

enum class CborType : uint8_t { unsigned_integer = 0, bytes = 2, text = 3, array = 4, map = 5, tag = 6 };

void put_cbor(Bytes& out, CborType type, uint64_t value);
void put_cbor_bytes(Bytes& out, ByteView bytes);
void put_cbor_text(Bytes& out, std::string_view text);

}  // namespace litebox::attest::tls
