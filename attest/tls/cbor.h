// The few CBOR items that attested certificates are made of (RFC 8949): read strictly, definite lengths and
// shortest heads only, so that a value has one encoding; nothing is allocated for a length that is only
// claimed. (attest/wrap reads any CBOR into documents; here the exact bytes count, and what is not exact is
// refused.)
#pragma once

#include <cstdint>
#include <string_view>

#include "attest/base/bytes.h"

namespace litebox::attest::tls {

enum class CborType : uint8_t { unsigned_integer = 0, bytes = 2, text = 3, array = 4, map = 5, tag = 6 };

/// As `Reader`: after a failure every reading gives empty values and `failed()` stays true.
class CborReader {
  public:
    explicit CborReader(ByteView bytes) : bytes_(bytes) {}

    bool next_is(CborType type) const {
        return !bytes_.failed() && bytes_.remaining() && bytes_.rest()[0] >> 5 == int(type);
    }
    uint64_t unsigned_integer() { return head(CborType::unsigned_integer); }
    ByteView byte_string() { return string(CborType::bytes); }
    std::string_view text() { return as_text(string(CborType::text)); }
    /// The number of items, or of pairs, that follow.
    uint64_t array() { return head(CborType::array); }
    uint64_t map() { return head(CborType::map); }
    uint64_t tag() { return head(CborType::tag); }
    /// Whatever item comes next, at most eight levels deep; its encoding.
    ByteView any();

    bool failed() const { return bytes_.failed(); }
    bool finished() const { return !failed() && bytes_.remaining() == 0; }

  private:
    uint64_t head(CborType type);
    ByteView string(CborType type);
    void skip_item(int depth);
    void fail() { bytes_.skip(bytes_.remaining() + 1); }
    Reader bytes_;
};

void put_cbor(Bytes& out, CborType type, uint64_t value);
void put_cbor_bytes(Bytes& out, ByteView bytes);
void put_cbor_text(Bytes& out, std::string_view text);

}  // namespace litebox::attest::tls
