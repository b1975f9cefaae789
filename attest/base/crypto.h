// Hashes and signatures, on OpenSSL's EVP. Everything here is thread-safe; algorithms are fetched once per
// process.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "attest/base/bytes.h"

struct evp_pkey_st;

namespace litebox::attest {

enum class Hash : uint8_t { sha1, sha256, sha384, sha512 };
size_t hash_size(Hash hash);

std::array<uint8_t, 32> sha256(ByteView bytes);
std::array<uint8_t, 48> sha384(ByteView bytes);
std::array<uint8_t, 64> sha512(ByteView bytes);
/// By name, of the parts one after the other; `hash_size(hash)` bytes.
Bytes digest(Hash hash, std::initializer_list<ByteView> parts);

/// Compares in a time that depends on the sizes alone.
bool equal_secret(ByteView left, ByteView right);
/// Overwrites with zeros, in a way that no compiler leaves out.
void wipe(void* memory, size_t size);
inline void wipe(Bytes& bytes) {
    wipe(bytes.data(), bytes.size());
}

enum class Curve : uint8_t { p256, p384 };
/// Bytes of one coordinate, of r and of s.
size_t curve_size(Curve curve);

/// A public key that signatures are checked with: ECDSA on P-256 or P-384, or RSA of 2048 to 4096 bits.
/// Immutable; copies share it.
class PublicKey {
  public:
    enum class Kind : uint8_t { p256, p384, rsa };

    /// From x || y, big-endian. The point is checked to lie on the curve.
    static Result<PublicKey> from_point(Curve curve, ByteView point);
    /// From modulus and exponent, big-endian.
    static Result<PublicKey> from_rsa(ByteView modulus, ByteView exponent);
    /// From a DER SubjectPublicKeyInfo; the point of an elliptic curve uncompressed.
    static Result<PublicKey> from_spki(ByteView spki);

    Kind kind() const { return kind_; }
    evp_pkey_st* handle() const { return key_.get(); }

    /// Raw r || s, big-endian, each of the curve's size: 1 <= r, s < order, else refused. An s in the upper
    /// half of the order is as good as its complement: the makers of evidence emit both.
    bool verify_ecdsa(Hash hash, ByteView message, ByteView signature) const;
    /// DER SEQUENCE of two INTEGERs, minimal encoding.
    bool verify_ecdsa_der(Hash hash, ByteView message, ByteView signature) const;
    bool verify_pkcs1(Hash hash, ByteView message, ByteView signature) const;
    /// RSASSA-PSS; MGF1 with the same hash, exactly `salt` bytes of salt.
    bool verify_pss(Hash hash, size_t salt, ByteView message, ByteView signature) const;

  private:
    PublicKey(Kind kind, evp_pkey_st* key);
    Kind kind_;
    std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace litebox::attest
