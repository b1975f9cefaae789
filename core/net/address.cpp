#include "core/net/address.h"

namespace litebox {

namespace {
constexpr u8 mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr u8 loopback_v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr u8 zeros[16] = {};
}  // namespace

bool InetAddress::mapped_v4() const {
    return memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}
bool InetAddress::any() const {
    return memcmp(bytes, zeros, sizeof(bytes)) == 0 || (mapped_v4() && memcmp(bytes + 12, zeros, 4) == 0);
}
bool InetAddress::loopback() const {
    return memcmp(bytes, loopback_v6, sizeof(bytes)) == 0 || (mapped_v4() && bytes[12] == 127);
}
bool InetAddress::same_host(const InetAddress& other) const {
    return memcmp(bytes, other.bytes, sizeof(bytes)) == 0;
}

InetAddress InetAddress::v4(u32 address, u16 port) {
    InetAddress result;
    memcpy(result.bytes, mapped_prefix, sizeof(mapped_prefix));
    for (unsigned i = 0; i < 4; i++) result.bytes[12 + i] = static_cast<u8>(address >> (24 - 8 * i));
    result.port = port;
    return result;
}

}  // namespace litebox
