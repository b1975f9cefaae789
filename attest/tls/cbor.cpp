#include "attest/tls/cbor.h"

namespace litebox::attest::tls {

void put_cbor(Bytes& out, CborType type, uint64_t value) {
    int form = value < 24            ? static_cast<int>(value)
               : value <= 0xff       ? 24
               : value <= 0xffff     ? 25
               : value <= 0xffffffff ? 26
                                     : 27;
    out.push_back(static_cast<uint8_t>(static_cast<int>(type) << 5 | form));
    for (int i = form < 24 ? 0 : 1 << (form - 24); i > 0; i--)
        out.push_back(static_cast<uint8_t>(value >> ((i - 1) * 8)));
}

void put_cbor_bytes(Bytes& out, ByteView bytes) {
    put_cbor(out, CborType::bytes, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_cbor_text(Bytes& out, std::string_view text) {
    put_cbor(out, CborType::text, text.size());
    out.insert(out.end(), text.begin(), text.end());
}

}  // namespace litebox::attest::tls
