#include "attest/tls/cbor.h"

namespace litebox::attest::tls {

uint64_t CborReader::head(CborType type) {
    uint8_t first = bytes_.u8();
    if (failed()) return 0;
    uint8_t form = first & 31;
    if (first >> 5 != static_cast<int>(type) || form > 27) {
        fail();
        return 0;
    }
    if (form < 24) return form;
    uint64_t value = 0;
    int count = 1 << (form - 24);
    for (int i = 0; i < count; i++) value = value << 8 | bytes_.u8();
    // The shortest head alone: 24 fits no smaller one, 2^8, 2^16, 2^32 neither.
    uint64_t least = form == 24 ? 24 : uint64_t{1} << (count * 4);
    if (failed() || value < least) {
        fail();
        return 0;
    }
    return value;
}

ByteView CborReader::string(CborType type) {
    uint64_t size = head(type);
    if (failed() || size > bytes_.remaining()) {
        fail();
        return {};
    }
    return bytes_.take(static_cast<size_t>(size));
}

void CborReader::skip_item(int depth) {
    if (depth == 0 || failed() || bytes_.remaining() == 0) return fail();
    auto type = static_cast<CborType>(bytes_.rest()[0] >> 5);
    switch (type) {
        case CborType::unsigned_integer:
            (void)head(type);
            break;
        case CborType::bytes:
        case CborType::text:
            (void)string(type);
            break;
        case CborType::array:
        case CborType::map: {
            uint64_t count = head(type);
            // Each item is at least a byte long: a larger count is a lie, and needs no loop to be found out.
            if (count > bytes_.remaining()) return fail();
            for (uint64_t i = 0; i < count * (type == CborType::map ? 2 : 1) && !failed(); i++)
                skip_item(depth - 1);
            break;
        }
        case CborType::tag:
            (void)head(type);
            skip_item(depth - 1);
            break;
        default:
            fail();
    }
}

ByteView CborReader::any() {
    ByteView before = bytes_.rest();
    skip_item(8);
    return failed() ? ByteView{} : before.first(before.size() - bytes_.remaining());
}

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
